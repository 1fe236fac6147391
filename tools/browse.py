r"""Shows a data set in the browser: its images, labels and predictions.

    python tools/browse.py
    python tools/browse.py --records=data/records --run_dir=data/runs/mine
    python tools/browse.py --port=0 --open_browser

Prints the address of a page of this machine's own, served until Ctrl-C:
filter by SQL as with --where of the trainers or by clicking values, page
through the images, look at one with window, level and zoom, at what its
header says and at what each step of the recipe made of it. With a run's
folder, its predictions stand beside the labels. The address of the page holds
what is looked at, so that it can be kept. Nothing is changed; everybody who
has an account on this machine can reach the page.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from concurrent import futures
import threading
import time

from absl import flags

from pipelines import command

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set to look at.")
RUN_DIR = flags.DEFINE_string(
    "run_dir", None, "Folder of a run, evaluated on the data set, whose "
    "predictions to show; none unless given.")
PORT = flags.DEFINE_integer(
    "port", 8765, "Where to serve the page; 0: any port that is free.",
    lower_bound=0, upper_bound=65535)
OPEN_BROWSER = flags.DEFINE_boolean(
    "open_browser", False, "Open the page in the default browser.")


def serve(records: str, run_dir: str | None, port: int) -> None:
    """Serves the page until it is interrupted.

    Half a million rows take some seconds to load: the page is there before.

    Raises:
      ValueError: There is no data set, or no predictions.
      OSError: The port is taken.
      duckdb.Error: A Parquet file is damaged.
    """
    from pipelines import recipe as recipes
    from tools import datasets
    from tools.browsing import catalogue
    from tools.browsing import originals
    from tools.browsing import predictions
    from tools.browsing import serving

    dataset = datasets.open_dataset(records)
    predicted = predictions.find(run_dir, records) if run_dir else None
    recipe = (recipes.Recipe.from_json(dataset.description["recipe"])
              if dataset.description else recipes.Recipe())
    loaded: futures.Future[catalogue.Catalogue] = futures.Future()
    server = serving.bind(loaded.result, originals.Originals(recipe), port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://{serving.LOOPBACK}:{server.port}/"
    try:
        print(f"{records}: {address} (Ctrl-C ends it)", flush=True)
        if OPEN_BROWSER.value:
            import webbrowser

            webbrowser.open(address)
        loaded.set_result(catalogue.load(dataset, predicted))
        while thread.is_alive():
            # Waiting without end would miss a signal that came just before.
            time.sleep(0.5)
    finally:
        # Whoever waits for the tables waits no longer.
        loaded.cancel()
        server.close()
        thread.join()


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    import duckdb

    try:
        serve(RECORDS.value, RUN_DIR.value, PORT.value)
    except duckdb.Error as error:
        return command.fail(error)
    except KeyboardInterrupt:
        pass
    return command.DONE


if __name__ == "__main__":
    command.run(main)
