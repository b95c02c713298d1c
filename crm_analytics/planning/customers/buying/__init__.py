"""The published models of how customers buy and leave; each module gives one model's equations."""
