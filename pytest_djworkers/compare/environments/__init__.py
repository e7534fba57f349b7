"""The interpreters and packages that the arms of a comparison are served with."""
