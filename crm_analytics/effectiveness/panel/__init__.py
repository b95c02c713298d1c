"""What a campaign changed, held against units that it left alone and that lived through the same days."""
