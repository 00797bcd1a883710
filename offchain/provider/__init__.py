"""The provider's side: which submissions can be had, and the release of the test set."""
