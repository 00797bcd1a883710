"""Prints its arguments."""


def main(*arguments: str) -> str:
    print(f"main of {arguments}")
    return "made"


def other(*arguments: str) -> None:
    print(f"other of {arguments}")
