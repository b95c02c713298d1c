"""What customers say in surveys."""

from __future__ import annotations

from crm_analytics.warehouse.tables.definition import DAY, FLOAT, INT, TEXT, Column, Table, reference, row_id

VOICE = (
    Table("survey_answers", "a respondent × question × item", ("survey", "respondent_id", "question", "item"), (
        Column("survey", TEXT, "which survey, or which wave of it"),
        row_id("respondent_id", "who answered"),
        reference("customer_id", "which customer that is, if known", "customers.customer_id"),
        Column("question", TEXT, "what was asked", required=True),
        Column("item", TEXT, "the option, the row of a matrix, the profile; empty: the question as a whole"),
        Column("kind", TEXT, "what kind of answer it is", values=("scale", "number", "choice", "multiple", "open")),
        Column("answer", TEXT, "what was answered"),
        Column("position", FLOAT, "the answer's place on its scale, or the number it is"),
        Column("lowest", INT, "the lowest place of the scale"),
        Column("highest", INT, "the highest place of the scale"),
        Column("answered_at", DAY, "when", past=True),
        Column("weight", FLOAT, "how many people the respondent stands for"),
    ), opens="what matters to customers, and what their satisfaction is worth"),
    Table("survey_profiles", "a profile × attribute", ("survey", "question", "item", "attribute"), (
        Column("survey", TEXT, "in which survey it was shown"),
        Column("question", TEXT, "for which choice it was shown; empty: for every one"),
        row_id("item", "the profile, as the answers name it"),
        Column("attribute", TEXT, "one of its attributes", required=True),
        Column("level", TEXT, "what it was in this profile", required=True),
    ), opens="which attributes of an offer customers pay for"),
)
