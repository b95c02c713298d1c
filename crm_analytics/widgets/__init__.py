"""What-if: sliders over pure plans."""
