"""A page is read without its code and without a network; what the data say is text, never markup."""

import re
from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import sync_playwright

from crm_analytics.reporting import catalogue, page
from crm_analytics.reporting.edition import Record
from crm_analytics.result import MIME

HOSTILE = (
    "<script>document.title='taken'</script>\"'&</script><img src=http://elsewhere.example onerror='document.title=1'>"
)


def figure(title):
    drawn = go.Figure([go.Bar(x=["Riga", HOSTILE], y=[1.0, 2.0])]).update_layout(title_text=title, height=400)
    return new_output("display_data", data={page.PLOTLY: drawn.to_plotly_json(), "text/html": "<div>no</div>"})


def answer(text, *checks, enough=True):
    told = [{"name": name, "verdict": verdict, "text": why} for name, verdict, why in checks]
    return {"study": "toy", "text": text, "checks": told, "enough": enough}


@pytest.fixture(scope="module")
def executed():
    """A notebook as it is after a run, with hostile text wherever data can come through."""
    import pandas as pd

    table = pd.DataFrame({"region_name": [HOSTILE, "Riga"], "revenue": [1234.5, None], "year": [2024, 2025]})
    first = answer(f"€5 (4–6) from {HOSTILE}.", ("Ratio", "weak", HOSTILE))
    outputs = [
        new_output("execute_result", data={"text/html": table.to_html(index=False), "text/plain": "no", MIME: first}),
        new_output("stream", name="stdout", text=HOSTILE),
        new_output("stream", name="stderr", text="a warning nobody needs"),
    ]
    book = new_notebook()
    book.cells = [
        new_markdown_cell("# What *did* we sell?\n\nThe prose."),
        new_code_cell("secret_code = 1", outputs=outputs),
        new_markdown_cell("## Further"),
        new_code_cell("draw(x)", outputs=[figure("Sales rose<br>by 4 % in &lt;Riga&gt;"), figure("Second")]),
    ]
    return book


@pytest.fixture(scope="module")
def written(executed, edition, place):
    """That page, put where pages are, with its index."""
    made = edition("21_sales", values={"region": HOSTILE, "weeks": 6}, title="What *did* we sell?")
    state, sentence, doubts = page.verdict(page.answers_in(executed))
    record = replace(
        Record.of(made, state=state, title=page.title_of(executed), sentence=sentence, seconds=1),
        doubts=doubts,
        checks={"holds": 0, "weak": 1, "fails": 0},
    )
    made.folder.mkdir(parents=True)
    (made.folder / record.page).write_text(page.render(executed, made, record), "utf-8")
    record.write(made.folder)
    return made.folder / record.page, catalogue.rebuild(Path(made.day_folder))


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def opened(written, browser):
    """The page in a browser, and every address it asked for and every complaint it made."""
    tab = browser.new_page(viewport={"width": 1100, "height": 800})
    asked, complaints = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.context.set_offline(True)
    tab.goto(written[0].as_uri())
    tab.locator(".js-plotly-plot .main-svg").nth(3).wait_for()
    return tab, asked, complaints


def test_every_chart_draws_with_no_network(opened):
    tab, asked, complaints = opened
    assert tab.locator(".plot").count() == tab.locator(".js-plotly-plot").count() == 2
    assert all(tab.locator(".js-plotly-plot").nth(i).locator(".bars .point").count() == 2 for i in range(2))
    assert {re.match(r"\w+", url)[0] for url in asked} <= {"file", "data", "blob"}
    assert complaints == []


def test_no_code_and_no_warning_is_shown(opened):
    text = opened[0].locator("body").inner_text()
    assert "secret_code" not in text
    assert "draw(x)" not in text
    assert "nobody needs" not in text


def test_what_the_data_say_stays_text(opened):
    tab = opened[0]
    assert tab.title() == "What did we sell? · Nord & haus"
    assert tab.locator("img[src^=http], main script:not([type='application/json'])").count() == 0
    assert tab.get_by_text("<script>document.title='taken'</script>").count() >= 3  # sentence, check, table


def test_page_one_says_what_the_page_is_made_from(opened):
    front = opened[0].locator("header").inner_text()
    for told in (
        "Nord & haus",
        "3, published 1 July 2025",
        "30 June 2025",
        "weeks",
        "6",
        "region = <script>",
        "€5 (4–6)",
        "1 weak",
    ):
        assert told in front


def test_it_can_be_read_aloud(opened):
    tab = opened[0]
    assert tab.locator("html").get_attribute("lang") == "en"
    assert tab.locator("h1").count() == tab.locator("main").count() == 1
    assert tab.locator("h1").inner_text() == "What did we sell?"
    assert tab.locator(".plot").first.get_attribute("aria-label") == "Sales rose by 4\u00a0% in <Riga>"
    assert tab.locator("main thead th:not([scope=col])").count() == 0


def test_a_table_is_set_for_reading(opened):
    tab = opened[0]
    assert tab.locator("main thead th").all_inner_texts() == ["region name", "revenue", "year"]
    assert tab.locator("main tbody tr").nth(1).locator("td").all_inner_texts() == ["Riga", "–", "2025"]
    assert tab.locator("main thead th.number").all_inner_texts() == ["revenue", "year"]


def test_charts_are_laid_out_anew_for_paper_and_back(opened):
    tab = opened[0]

    def settles(width):
        for _ in range(50):
            if abs(tab.locator(".main-svg").first.bounding_box()["width"] - width) < 1:
                return True
            tab.wait_for_timeout(100)
        return False

    on_screen = tab.locator(".main-svg").first.bounding_box()["width"]
    assert on_screen > 800
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert settles(660)
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert settles(on_screen)


def test_on_a_narrow_screen_nothing_sticks_out(written, browser):
    for path in written:
        tab = browser.new_page(viewport={"width": 360, "height": 700})
        tab.goto(path.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        tab.close()


def test_the_index_leads_to_the_page(written, browser):
    tab = browser.new_page()
    tab.goto(written[1].as_uri())
    assert tab.locator("li.answered .doubts").inner_text().startswith("Ratio is weak.")
    tab.get_by_role("link", name="What did we sell?").click()
    assert tab.locator("h1").inner_text() == "What did we sell?"
    tab.get_by_role("link", name="All questions").click()
    assert tab.locator("h1").inner_text() == "What we know"
    tab.close()


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([answer("1 (0–2)."), answer("x", ("later", "fails", "y"))], "answered"),
        ([answer("1 (0–2).", ("a", "holds", "y"))], "answered"),
        ([answer("1 (0–2).", ("a", "weak", "y"))], "answered"),
        ([answer("1 (0–2).", ("a", "fails", "y"))], "doubtful"),
        ([answer("Not enough.", enough=False)], "doubtful"),
        ([], "doubtful"),
    ],
)
def test_the_state_is_that_of_the_first_answer(answers, state):
    assert page.verdict(answers)[0] == state
