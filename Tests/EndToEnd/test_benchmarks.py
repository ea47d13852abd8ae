"""`Benchmarks/run` runs: with tiny shapes, whose figures mean nothing."""

import json
import os
import subprocess

from relay import binary, checkout


def test_measures_and_writes_a_page(tmp_path):
    result = subprocess.run(
        [checkout / "Benchmarks" / "run", "--quick", "--only", "cost", "--only", "other-server", "--output", tmp_path],
        capture_output=True, text=True, timeout=300, env={**os.environ, "TALLY": binary()})
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["schema"] == "tally-benchmarks/1"
    assert any("mean nothing" in warning for warning in report["warnings"])
    cost = report["parts"][0]
    ratios = [finding for finding in cost["findings"] if "multiple of the floor" in finding["claim"]]
    assert len(ratios) == 3 and all(finding["value"] > 0 for finding in ratios), ratios
    assert all(finding["met"] is None for finding in cost["findings"]), "nothing is judged by tiny shapes"
    assert [found["of"] for found in cost["rounds"]] == ["with Opus", "video alone"]
    page = (tmp_path / "report.html").read_text()
    assert "mean nothing" in page and "NOT MET" not in page
    assert "http" not in page and "<script" not in page
