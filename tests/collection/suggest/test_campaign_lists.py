"""Lists of campaigns and of those addressed, as people keep them: taken for what they are, and loadable."""

from __future__ import annotations

from crm_analytics.collection import load, suggest_map
from crm_analytics.warehouse.engine import Warehouse


def loaded(tmp_path, files: dict[str, str]) -> Warehouse:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    proposal = suggest_map([tmp_path / name for name in files])
    (tmp_path / "mine.yaml").write_text(proposal.text, encoding="utf-8")
    load(tmp_path / "mine.yaml", data=tmp_path, home=tmp_path / "home")
    return Warehouse.open(tmp_path / "home")


def test_a_yes_under_control_group_is_the_control_and_the_list_brings_its_campaigns(tmp_path):
    people = "".join(
        f"{name};SMS;{day};{day[:8]}2024;{1000 + i};{'да' if i % 5 == 0 else 'нет'}\n"
        for name, day in (("Осень", "10.09.2024"), ("Зима", "05.11.2024"))
        for i in range(60)
    )
    cards = "Номер карты;Дата выдачи;Пол\n" + "".join(f"{1000 + i};01.02.2023;Ж\n" for i in range(60))
    head = "Рассылка;Канал;Дата начала;Дата окончания;Номер карты;Контрольная группа\n"
    people = people.replace(".092024", ".09.2024").replace(".112024", ".11.2024")
    wh = loaded(tmp_path, {"рассылки.csv": head + people, "карты.csv": cards})
    arms = wh.arms.to_pandas()
    assert arms["arm"].value_counts().to_dict() == {"treated": 96, "control": 24}
    assert sorted(wh.campaigns.to_pandas()["campaign_id"]) == ["Зима", "Осень"]


def test_a_charity_has_appeals_gifts_and_holdouts(tmp_path):
    cells = "Supporter URN,Appeal Code,Appeal Name,Mail Date,Close Date,Cell\n" + "".join(
        f"S{i:04d},APL1,Spring Appeal,14/03/2024,25/04/2024,{'Holdout' if i % 4 == 0 else 'Mailed'}\n"
        for i in range(80)
    )
    gifts = "Gift Ref,Supporter URN,Gift Date,Gift Amount\n" + "".join(
        f'G{i:05d},S{i % 80:04d},{1 + i % 28:02d}/03/2024,"£{"25,000.00" if i == 2990 else f"{10 + i % 30}.50"}"\n'
        for i in range(3000)
    )
    wh = loaded(tmp_path, {"selections.csv": cells, "gifts.csv": gifts})
    assert wh.arms.to_pandas()["arm"].value_counts().to_dict() == {"treated": 60, "control": 20}
    assert str(wh.campaigns.to_pandas()["ends"].iloc[0])[:10] == "2024-04-25"
    assert float(wh.order_lines.amount.max().to_pyarrow().as_py()) == 25_000


def test_promotions_without_products_are_campaigns_and_a_store_has_its_region(tmp_path):
    actions = (
        "Код;Наименование акции;Канал;Регион;Дата начала;Дата окончания;Бюджет\n"
        "А-1;Весна;радио;;01.04.2023;30.04.2023;250000,00\nА-2;Осень;ТВ;Уфа;02.09.2023;29.09.2023;420000,00\n"
    )
    sales = "Дата;Номер документа;Контрагент;Подразделение;Регион;Номенклатура;Количество;Сумма\n" + "".join(
        f"{1 + i % 28:02d}.03.2023;Р-{i};{f'К{i % 30}' if i % 3 else ''};Филиал {i % 4};{('Уфа', 'Пермь')[i % 2]};"
        f"Цемент {i % 7};{1 + i % 5};{410 * (1 + i % 5)},00\n"
        for i in range(300)
    )
    wh = loaded(tmp_path, {"Маркетинговые акции.csv": actions, "Продажи.csv": sales})
    assert wh.campaigns.to_pandas().set_index("campaign_id")["name"].to_dict() == {"А-1": "Весна", "А-2": "Осень"}
    assert wh.stores.to_pandas()["region"].value_counts().to_dict() == {"Уфа": 2, "Пермь": 2}


def test_a_deal_a_line_with_its_first_and_last_day_stood_at_two_stages(tmp_path):
    deals = "Deal ID;Account;Owner;Created;Closed;Stage;Value;Loss reason\n" + "".join(
        f"D{i};Firm {i % 9};Klein;2024-01-{1 + i % 28:02d};"
        + (f"2024-03-{1 + i % 28:02d};{('Won', 'Lost')[i % 2]}" if i % 5 else ";Open")
        + f";{900 + i}.50;{'Price' if i % 5 and i % 2 else ''}\n"
        for i in range(100)
    )
    rows = loaded(tmp_path, {"deals.csv": deals}).deal_stages.to_pandas()
    assert rows["stage"].value_counts().to_dict() == {"Created": 100, "Won": 40, "Lost": 40, "Open": 20}
    began = rows[rows["stage"] == "Created"]
    assert (began["entered_at"].dt.month == 1).all()
    assert began["outcome"].isna().all()
    assert set(rows.loc[rows["stage"] == "Won", "entered_at"].dt.month) == {3}
