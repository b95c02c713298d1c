"""Loading: files become a release, whole or not at all; every line is a row or stands refused with its reason."""
