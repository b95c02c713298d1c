"""Where the columns of the public data sets belong, written by hand before anything was measured on them.

The headings stand in their order, each with its canonical columns, `|` between those that are all right. Empty: no
home, or none without inventing something (a price without a day, a date without a year). `traits` and `activity` are
the homes of what else is known of a customer. What a customer refers to is written once: `customers.customer_id`.
"""

ONLINE_RETAIL = {
    "InvoiceNo": "orders.order_id",
    "StockCode": "products.product_id",
    "Description": "products.name",
    "Quantity": "order_lines.quantity",
    "InvoiceDate": "orders.ordered_at",
    "UnitPrice": "order_lines.price",
    "CustomerID": "customers.customer_id",
    "Country": "customers.region",
}
CDNOW_MASTER = {
    "customer_id": "customers.customer_id",
    "date": "orders.ordered_at",
    "number_of_cds": "order_lines.quantity",
    "dollar_value": "order_lines.amount",
}
CDNOW_SAMPLE = {  # no headings: the id in the master file, the id in the sample, the day, how many, dollars
    "column_1": "customers.customer_id",
    "column_2": "customers.customer_id",
    "column_3": "orders.ordered_at",
    "column_4": "order_lines.quantity",
    "column_5": "order_lines.amount",
}
CHINOOK = {
    "Customer": {
        "CustomerId": "customers.customer_id",
        "FirstName": "customer_contacts.given_name",
        "LastName": "customer_contacts.surname",
        "Company": "",
        "Address": "customer_contacts.address",
        "City": "customers.region | customer_contacts.city",
        "State": "customers.region | traits.value",
        "Country": "customers.region | customer_contacts.address",
        "PostalCode": "customer_contacts.postcode",
        "Phone": "customer_contacts.phone",
        "Fax": "",
        "Email": "customer_contacts.email",
        "SupportRepId": "",
    },
    "Invoice": {
        "InvoiceId": "orders.order_id",
        "CustomerId": "customers.customer_id",
        "InvoiceDate": "orders.ordered_at",
        "BillingAddress": "",
        "BillingCity": "",
        "BillingState": "",
        "BillingCountry": "",
        "BillingPostalCode": "",
        "Total": "",  # the lines carry the money
    },
    "InvoiceLine": {
        "InvoiceLineId": "order_lines.line_no",
        "InvoiceId": "orders.order_id",
        "TrackId": "products.product_id",
        "UnitPrice": "order_lines.price",
        "Quantity": "order_lines.quantity",
    },
    "Track": {
        "TrackId": "products.product_id",
        "Name": "products.name",
        "AlbumId": "",
        "MediaTypeId": "",
        "GenreId": "products.category",
        "Composer": "",
        "Milliseconds": "",
        "Bytes": "",
        "UnitPrice": "",  # since when, nobody says
    },
}
CRM_SALES = {
    "accounts": {
        "account": "customers.customer_id",
        "sector": "traits.value",
        "year_established": "traits.value",
        "revenue": "traits.value",
        "employees": "traits.value",
        "office_location": "customers.region",
        "subsidiary_of": "traits.value",
    },
    "products": {"product": "products.product_id", "series": "products.category", "sales_price": ""},
    "sales_pipeline": {
        "opportunity_id": "deal_stages.deal_id",
        "sales_agent": "deal_stages.agent",
        "product": "products.product_id",
        "account": "customers.customer_id",
        "deal_stage": "deal_stages.stage",
        "engage_date": "deal_stages.entered_at",
        "close_date": "deal_stages.entered_at",
        "close_value": "deal_stages.amount",
    },
    "sales_teams": {"sales_agent": "", "manager": "", "regional_office": ""},
}
AIRLINE = {
    "Customer_Loyalty_History": {
        "Loyalty Number": "customers.customer_id",
        "Country": "customers.region | traits.value",
        "Province": "customers.region | traits.value",
        "City": "customers.region | traits.value",
        "Postal Code": "customer_contacts.postcode |",
        "Gender": "customers.gender",
        "Education": "traits.value",
        "Salary": "traits.value",
        "Marital Status": "traits.value",
        "Loyalty Card": "traits.value",
        "CLV": "traits.value",
        "Enrollment Type": "traits.value",
        "Enrollment Year": "customers.first_seen",
        "Enrollment Month": "customers.first_seen",
        "Cancellation Year": "traits.value",
        "Cancellation Month": "traits.value",
    },
    "Customer_Flight_Activity": {
        "Loyalty Number": "customers.customer_id",
        "Year": "activity.day",
        "Month": "activity.day",
        **dict.fromkeys(
            ("Flights Booked", "Flights with Companions", "Total Flights", "Distance", "Points Accumulated",
             "Points Redeemed", "Dollar Cost Points Redeemed"),
            "activity.value",
        ),
    },
}  # fmt: skip
BANK = {  # calls without an id and without a year: the calls cannot be told, what is known of the people can
    "bank-full": {
        **dict.fromkeys(
            ["age", "job", "marital", "education", "default", "balance", "housing", "loan", "campaign",
             "pdays", "previous", "poutcome"], "traits.value"
        ),
        "contact": "contacts.channel | traits.value",
        "day": "", "month": "",
        "duration": "contacts.duration_s | traits.value",
        "y": "contacts.outcome | traits.value",
    },
}  # fmt: skip
HILLSTROM = {
    "segment": "arms.arm",
    "zip_code": "customers.region | traits.value",
    "channel": "customers.acquired_channel | traits.value",
    **dict.fromkeys(
        ["recency", "history_segment", "history", "mens", "womens", "newbie", "visit", "conversion", "spend"],
        "traits.value",
    ),
}

DATASETS = {
    "online_retail": {"online_retail/online_retail.csv.gz": ONLINE_RETAIL},
    "cdnow master": {"cdnow/CDNOW_master.txt.gz": CDNOW_MASTER},
    "cdnow sample": {"cdnow/CDNOW_sample.txt": CDNOW_SAMPLE},
    "crm_sales_opportunities": {f"crm_sales_opportunities/{name}.csv": truth for name, truth in CRM_SALES.items()},
    "airline_loyalty": {f"airline_loyalty/{name}.csv.gz": truth for name, truth in AIRLINE.items()},
    "bank_marketing": {f"bank_marketing/{name}.csv.gz": truth for name, truth in BANK.items()},
    "hillstrom": {"hillstrom_email/hillstrom.csv.gz": HILLSTROM},
}
