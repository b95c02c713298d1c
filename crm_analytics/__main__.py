"""`python -m crm_analytics` and `crm`: the command, with every stage of the loop."""

from crm_analytics.command import (  # noqa: F401  (each adds its commands)
    ask,
    customers,
    defects,
    facts,
    maps,
    pages,
    privacy,
    quarantine,
    releases,
    segments,
    trust,
)
from crm_analytics.command.app import main

if __name__ == "__main__":
    main()
