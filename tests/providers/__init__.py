"""OpenID providers for the tests: our own (told to misbehave at will), one with JumpCloud's habits, two real ones."""
