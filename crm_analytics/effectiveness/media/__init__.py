"""What each advertising channel brings, beside all others and beside everything else that moves sales."""
