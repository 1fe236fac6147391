"""The page in a real browser: Chromium without a window.

Skipped where Chromium and its driver are not installed (Debian's packages
chromium and chromium-driver).
"""

import pathlib
import shutil
import threading

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests import browsed
from tools.browsing import originals
from tools.browsing import serving

BROWSER, DRIVER = map(shutil.which, ("chromium", "chromedriver"))
SECONDS = 60
WIDE, NARROW = (1366, 768), (390, 844)

pytestmark = [
    pytest.mark.slow, pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="chromium or chromedriver is not "
        "installed (apt-get install chromium chromium-driver)")]


@pytest.fixture(scope="module", name="address")
def _address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browsed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        browsed.write(folder)
        data = browsed.opened(run_dir=browsed.RUN_DIR)
        server = serving.bind(
            lambda: data.catalogue, originals.Originals(browsed.recipe()), 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.port}"
        server.close()


@pytest.fixture(scope="module", name="browser")
def _browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu",
                 "--disable-dev-shm-usage", "--force-device-scale-factor=1",
                 f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        # The driver is given: nothing is to be looked for, nor fetched.
        patch.setenv("SE_OFFLINE", "true")
        driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


class Page:
    """What a person does and sees."""

    def __init__(self, driver, address):
        self.driver = driver
        self.address = address

    def open(self, path="/", size=WIDE):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1,
            "mobile": size == NARROW})
        self.driver.get(self.address + path)
        self.until("document.querySelectorAll('#grid .tile').length"
                   " || !document.getElementById('filter-error').hidden")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition):
        """Waits until JavaScript's expression is true; returns its value."""
        return WebDriverWait(self.driver, SECONDS, 0.05).until(
            lambda _: self.run(f"return {condition}"), condition)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.find(selector).click()

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def keys_shown(self):
        return self.run("return [...document.querySelectorAll('.tile')]"
                        ".map((tile) => tile.dataset.key)")

    def until_drawn(self, picture):
        width, height = picture
        self.until("!document.getElementById('frame').ariaBusy && "
                   f"document.getElementById('canvas').width === {width} && "
                   f"document.getElementById('canvas').height === {height}")
        # A frame later the last change of the window is drawn, too.
        self.driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame("
            "arguments[0]))")

    def greys(self):
        """What the canvas shows: uint8 [height, width]."""
        width, height, reds = self.run("""
            const {width, height} = document.getElementById('canvas');
            const copy = new OffscreenCanvas(width, height).getContext(
              '2d', {willReadFrequently: true});
            copy.drawImage(document.getElementById('canvas'), 0, 0);
            const {data} = copy.getImageData(0, 0, width, height);
            return [width, height,
                    [...data].filter((_, at) => at % 4 === 0)]""")
        return np.array(reds, np.uint8).reshape(height, width)

    def window(self):
        return tuple(float(self.find(f"#{name}-value").text)
                     for name in ("level", "width"))

    def complaints(self):
        """What the browser's console holds since last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(name="page")
def _page(browser, address):
    page = Page(browser, address)
    yield page
    assert page.complaints() == []


def selected(sql, order="file"):
    return [uid for uid, in browsed.asked(
        "SELECT sop_instance_uid FROM images WHERE "
        f"{sql} AND sop_instance_uid IS NOT NULL ORDER BY {order}")]


def stored(key, variant=browsed.VARIANTS[0]):
    data = browsed.opened()
    pixels = np.frombuffer(data.get("/api/pixels", image=key,
                                    picture=str(variant)), "<u2")
    return pixels.reshape(variant.size.shape[:2]).astype(float)


def windowed(pixels, level, width):
    """PS3.3 C.11.2.1.2.1."""
    greys = 255 * ((pixels - (level - 0.5)) / (width - 1) + 0.5)
    # JavaScript rounds halves up.
    return np.floor(np.clip(greys, 0, 255) + 0.5).astype(np.uint8)


SIZE = browsed.VARIANTS[0].size.width, browsed.VARIANTS[0].size.height


def test_filter_by_sql_then_by_clicking_then_page(page):
    page.open()
    total = 4 * browsed.PATIENTS + 2
    assert page.find("#count").text == f"1 to 60 of {total} images"
    first = page.keys_shown()
    page.click("#pager [aria-label='Next page']")
    page.until("location.search === '?page=2'")
    page.until(f"document.querySelectorAll('.tile').length === {total - 60}")
    assert not set(page.keys_shown()) & set(first)
    where = page.find("#where")
    where.send_keys("view = 'MLO'", Keys.ENTER)
    page.until("document.querySelectorAll('.tile').length === 40")
    assert "page" not in page.driver.current_url
    assert page.keys_shown() == selected("view = 'MLO'")
    page.click("[data-choice='cancer 1']")
    expected = selected("view = 'MLO' AND cancer = 1")
    page.until(f"document.querySelectorAll('.tile').length === "
               f"{len(expected)}")
    assert page.keys_shown() == expected
    # The box that was clicked has the focus still.
    assert page.run("return document.activeElement.dataset.choice") == (
        "cancer 1")
    page.driver.back()
    page.until("document.querySelectorAll('.tile').length === 40")
    page.click("#clear")
    page.until("document.querySelectorAll('.tile').length === 60")
    assert page.keys_shown() == first


def test_thumbnails_are_drawn_when_they_come_into_sight(page):
    page.open()
    page.until("document.querySelector('.tile img').naturalWidth === "
               f"{SIZE[0]}")
    # All that is loaded is of this page.
    asked = page.run("return performance.getEntriesByType('resource')"
                     ".filter((one) => one.name.includes('thumbnail')).length")
    assert 0 < asked <= 60
    lazy = page.run("return [...document.querySelectorAll('.tile img')]"
                    ".every((image) => image.loading === 'lazy')")
    assert lazy


def test_window_and_level_by_sliders_buttons_keys_and_mouse(page):
    key = browsed.NAMED
    page.open(f"/?image={key}")
    page.until_drawn(SIZE)
    pixels = stored(key)
    top = pixels.max()
    assert page.window() == ((top + 1) / 2, top + 1)
    assert (page.greys() == windowed(pixels, *page.window())).all()

    page.run("""for (const [id, value] of [['width', 700], ['level', 900]]) {
        const slider = document.getElementById(id);
        slider.value = value;
        slider.dispatchEvent(new Event('input'));
    }""")
    page.until_drawn(SIZE)
    assert page.window() == (900, 700)
    assert (page.greys() == windowed(pixels, 900, 700)).all()

    page.run("document.activeElement.blur()")
    page.press(".", "[")
    page.until_drawn(SIZE)
    level, width = page.window()
    assert level < 900 and width < 700
    assert (page.greys() == windowed(pixels, level, width)).all()

    ActionChains(page.driver).drag_and_drop_by_offset(
        page.find("#frame"), 80, -40).perform()
    page.until_drawn(SIZE)
    dragged = page.window()
    # To the right: a wider window; up: a higher level.
    assert dragged[1] == pytest.approx(width + 80 * (top + 1) / 400, abs=2)
    assert dragged[0] == pytest.approx(level + 40 * (top + 1) / 400, abs=2)
    assert (page.greys() == windowed(pixels, *dragged)).all()

    page.press("i")
    page.until_drawn(SIZE)
    assert (page.greys() == 255 - windowed(pixels, *dragged)).all()
    page.press("i", "t")
    page.until_drawn(SIZE)
    low, high = (np.sort(pixels[pixels > 0])[
        int(np.ceil(share * (pixels > 0).sum())) - 1]
        for share in (0.01, 0.99))
    assert page.window() == ((low + high + 1) / 2, high - low + 1)
    page.press("r")
    page.until_drawn(SIZE)
    assert (page.greys() == windowed(pixels, (top + 1) / 2, top + 1)).all()


def test_zoom_and_place(page):
    page.open(f"/?image={browsed.NAMED}")
    page.until_drawn(SIZE)

    def zoom():
        return float(page.find("#zoom").text.removesuffix(" %"))

    fitted = zoom()
    page.press("+")
    assert zoom() == pytest.approx(1.25 * fitted, rel=0.01)
    page.click("#zoom-out")
    page.click("#zoom-out")
    assert zoom() == pytest.approx(0.8 * fitted, rel=0.01)
    page.press("o")
    assert zoom() == 100
    before = page.find("#canvas").rect
    page.click("input[value=pan]")
    ActionChains(page.driver).drag_and_drop_by_offset(
        page.find("#frame"), 30, 20).perform()
    after = page.find("#canvas").rect
    assert (after["x"] - before["x"], after["y"] - before["y"]) == (30, 20)
    ActionChains(page.driver).scroll_from_origin(
        webdriver.common.actions.wheel_input.ScrollOrigin.from_element(
            page.find("#frame")), 0, -200).perform()
    page.until("parseFloat(document.getElementById('zoom').textContent) > 110")
    page.press("f")
    assert zoom() == fitted


def test_keys_lead_through_images_and_pages(page):
    page.open()
    keys = page.keys_shown()
    page.press("j", "j", Keys.ARROW_RIGHT, "k")
    assert page.run("return document.activeElement.dataset.key") == keys[1]
    page.press(Keys.ARROW_DOWN)
    below = page.run("return document.activeElement.dataset.key")
    assert keys.index(below) > 3
    page.press(Keys.ARROW_UP, Keys.ENTER)
    page.until("document.getElementById('viewer').open")
    page.until("document.getElementById('position').textContent"
               ".startsWith('2 of')")
    page.press("j", Keys.NULL)
    page.until("document.getElementById('position').textContent"
               ".startsWith('3 of')")
    assert page.run("return new URLSearchParams(location.search)"
                    ".get('image')") == keys[2]
    page.press(Keys.ESCAPE)
    page.until("!document.getElementById('viewer').open")
    # One is where one was.
    page.until(f"document.activeElement.dataset.key === '{keys[2]}'")
    page.press("n")
    page.until("location.search === '?page=2'")
    page.press("p")
    page.until("location.search === ''")
    page.press("?")
    page.until("document.getElementById('help').open")
    assert "next image" in page.find("#help").text
    page.press(Keys.ESCAPE)
    page.until("!document.getElementById('help').open")
    page.press("/")
    assert page.run("return document.activeElement.id") == "where"
    page.press("j?")  # They are letters there.
    assert page.find("#where").get_property("value") == "j?"


def test_the_last_image_of_a_page_leads_to_the_next_page(page):
    page.open()
    last, = page.keys_shown()[-1:]
    page.open(f"/?image={last}")
    page.until("!document.getElementById('next').disabled")
    page.press("j")
    page.until("document.getElementById('position').textContent"
               ".startsWith('61 of')")
    page.press(Keys.ESCAPE)
    page.until("location.search === '?page=2'")
    page.until("document.querySelectorAll('.tile').length === 22")


def test_a_permanent_link_shows_the_same_again(page):
    page.open("/?where=view+%3D+%27CC%27&laterality=R&order=patient")
    expected = selected("view = 'CC' AND laterality = 'R'",
                        "patient_id NULLS LAST, study_date, laterality, view")
    page.until(f"document.querySelectorAll('.tile').length === "
               f"{len(expected)}")
    assert page.keys_shown() == expected
    page.find(f"[data-key='{expected[4]}']").click()
    page.until_drawn(SIZE)
    page.click("input[value='crop:24x32']")
    page.until_drawn((24, 32))
    page.press("[", "[", ".")
    page.until("location.search.includes('window=')")
    window, greys = page.window(), page.greys()
    link = page.driver.current_url
    page.open("/")
    page.driver.get(link)
    page.until_drawn((24, 32))
    page.until(f"document.querySelectorAll('.tile').length === "
               f"{len(expected)}")
    assert page.driver.current_url == link
    assert page.window() == window and (page.greys() == greys).all()
    assert page.find("#where").get_property("value") == "view = 'CC'"
    assert page.find("[data-choice='laterality R']").is_selected()
    assert page.find("#position").text == f"5 of {len(expected)} images"
    assert page.keys_shown() == expected


def test_stages_and_facts_of_an_image(page):
    page.open(f"/?image={browsed.NAMED}")
    page.until_drawn(SIZE)
    page.press("s")
    page.until("document.querySelectorAll('#stages li').length === 7")
    page.until("[...document.querySelectorAll('#stages img')]"
               ".every((image) => image.naturalWidth > 0)")
    assert page.find("#stages li:nth-child(2)").text.startswith("polarity")
    page.click("#stages li:nth-child(3) button")
    assert "breast_box=component" in page.find("#stage-caption").text
    page.press(Keys.ESCAPE)
    page.until("!document.getElementById('stage-large').open")
    assert page.run("return document.getElementById('viewer').open")
    header = page.find("[data-group=Header]")
    header.find_element(By.TAG_NAME, "summary").click()
    assert "bits_stored" in header.text and "12" in header.text
    assert page.run("return document.body.textContent.includes("
                    "'Unmistakable')") is False


def test_predictions_stand_beside_the_label(page):
    page.open("/?order=highest")
    highest, = page.run("return [...document.querySelectorAll('.tile')]"
                        ".slice(0, 1).map((tile) => tile.innerText)")
    key = page.keys_shown()[0]
    row = browsed.opened(run_dir=browsed.RUN_DIR).get("/api/image", image=key)
    assert row["verdict"] in highest and f"{row['score']:.3f}" in highest
    page.find(".tile").click()
    page.until_drawn(SIZE)
    judged = page.find("#judged").text
    assert "tiny-48x64" in judged and row["verdict"] in judged
    assert "threshold" in page.find(".scorebar").get_attribute("aria-label")


def test_what_is_in_no_record_says_why(page):
    page.open("/?reason=truncated")
    assert "truncated" in page.find(".tile").text
    page.find(".tile").click()
    page.until("document.getElementById('judged').textContent"
               ".includes('copy the file again')")
    page.press("s")
    page.until("document.getElementById('stages-note').textContent"
               ".includes('ends before its pixels do')")
    # The original cannot be decoded: the console tells of the answer, and the
    # page says it in words.
    page.until("document.getElementById('no-picture').textContent"
               ".includes('ends before its pixels do')")
    complaint, = page.complaints()
    assert "/api/pixels" in complaint and "404" in complaint


def test_a_filter_that_is_refused_is_told_and_the_images_stay(page):
    page.open()
    shown = page.keys_shown()
    page.find("#where").send_keys("EXISTS (FROM '/etc/passwd')", Keys.ENTER)
    error = page.until("!document.getElementById('filter-error').hidden && "
                       "document.getElementById('filter-error').textContent")
    assert "/etc/passwd" in error and "root:" not in error
    assert page.keys_shown() == shown
    assert page.find("#where").get_attribute("aria-invalid") == "true"
    assert all("400" in line for line in page.complaints())


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_it_fits_the_screen_and_every_control_has_a_name(page, size):
    for path in ("/", f"/?image={browsed.NAMED}"):
        page.open(path, size)
        if "image" in path:
            page.until_drawn(SIZE)
        assert page.run("return document.documentElement.scrollWidth") <= (
            size[0])
        beyond = page.run("""
            return [...document.querySelectorAll('button, input, select')]
              .filter((one) => one.checkVisibility() &&
                (one.getBoundingClientRect().right > innerWidth + 1 ||
                 one.getBoundingClientRect().left < -1))
              .map((one) => one.id || one.outerHTML)""")
        assert beyond == []
        nameless = page.run("""
            return [...document.querySelectorAll(
                'button, input, select, summary, canvas, a')]
              .filter((one) => !(one.ariaLabel || one.textContent.trim() ||
                one.labels?.length || !one.checkVisibility()))
              .map((one) => one.outerHTML)""")
        assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page, scheme):
    """WCAG 2.2's 4.5 to 1, for all text that is seen."""
    script = pathlib.Path(__file__).with_name("contrast.js").read_text(
        encoding="utf-8")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": scheme}]})
    try:
        for path in ("/", f"/?image={browsed.NAMED}"):
            page.open(path)
            if "image" in path:
                page.until_drawn(SIZE)
            assert page.run(script) == []
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": []})
