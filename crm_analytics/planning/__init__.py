"""Plan: whom to address with what. Customers, products, offers."""
