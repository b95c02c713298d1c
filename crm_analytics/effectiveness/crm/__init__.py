"""What the CRM itself brought: the same questions that are asked of a campaign."""
