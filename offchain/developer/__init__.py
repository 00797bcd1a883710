"""Tools of a developer, who sells models: `submission` prepares one."""
