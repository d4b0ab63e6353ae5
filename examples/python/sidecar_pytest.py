"""Tells a sidecar what pytest runs: `pytest -p sidecar_pytest`, with this folder in PYTHONPATH. SIDECAR_URL is where it
listens, SIDECAR_TOKEN is its token. The last line says how many events it took, and why not all; no run fails by it."""
import json, os, queue, threading, time, urllib.request as request

URL = os.environ.get("SIDECAR_URL", "http://127.0.0.1:8080") + "/events"
HEADERS = {"Content-Type": "application/x-ndjson", "Authorization": "Bearer " + os.environ.get("SIDECAR_TOKEN", "")}
waiting, results, counts = queue.Queue(), {}, {"observed": 0, "taken": 0, "why": ""}

def observe(event_type, test_id, **data):
    counts["observed"] += 1
    # Under xdist, the process that started the workers hears of all their tests.
    if "PYTEST_XDIST_WORKER" not in os.environ and waiting.qsize() < 10_000:
        waiting.put({"event_type": event_type, "test_id": test_id, "timestamp": time.time(), "data": data})

def send():
    direct, batch = request.build_opener(request.ProxyHandler({})), []
    while None not in batch:  # which comes last
        batch = [waiting.get()]
        while len(batch) < 20 and not waiting.empty():
            batch.append(waiting.get())
        body = "".join(json.dumps(event) + "\n" for event in batch if event).encode()
        try:
            with direct.open(request.Request(URL, body, HEADERS), timeout=5) as answer:
                counts["taken"] += json.load(answer)["accepted"]
        except Exception as error:  # whatever it is, the run goes on
            counts["why"] = f"; {URL}: {error}"
sender = threading.Thread(target=send, daemon=True)
sender.start()

def pytest_runtest_logstart(nodeid):
    results[nodeid] = {"status": "passed", "duration_ms": 0.0, "message": ""}
    observe("test_start", nodeid)

def pytest_runtest_logreport(report):  # of setup, of the call, of teardown
    result = results[report.nodeid]
    result["duration_ms"] += report.duration * 1000
    if report.failed or (report.skipped and result["status"] == "passed"):
        result.update(status=report.outcome, message=report.longreprtext[-4096:])

def pytest_runtest_logfinish(nodeid):
    result = results.pop(nodeid)
    observe("test_end", nodeid, **result)
    if result["status"] == "failed":
        observe("test_failure", nodeid, message=result["message"])

def pytest_terminal_summary(terminalreporter):
    waiting.put(None)
    sender.join(timeout=10)
    terminalreporter.write_line("sidecar: {taken} of {observed} events taken{why}".format(**counts))
