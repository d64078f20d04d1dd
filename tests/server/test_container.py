"""How the server is run for long: the image's parts, the compose file, the systemd unit; all that can be tested here.

No image is built. What it would run is run instead: its CMD and its health check, word by word, as its user, on a
read-only file system with one writable folder.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
GUIDE = (ROOT / "docs" / "guide" / "serve.md").read_text("utf-8")
BIN = Path(sys.executable).parent
TOKEN = "a-token-for-tests-only"
# $1 is the user, $2 the variables of the image, $3 its CMD, $4 its health check, $5 a program that sends a photo, and
# $6 are folders that the user must be able to read: what hides them from others is laid aside, in here only.
CONTAINER = """
set -eu
rights="setpriv --reuid=$1 --regid=$1 --clear-groups --no-new-privs --bounding-set=-all"
ip link set lo up
mount -t tmpfs -o mode=755 none /mnt
number=0
for path in $6; do number=$((number + 1)); mkdir "/mnt/$number"; mount --bind "$path" "/mnt/$number"; done
number=0
for path in $6; do
  number=$((number + 1)); top=$(echo "$path" | cut -d/ -f2)
  if $rights test -r "$path"; then continue; fi
  [ -e "/mnt/covered-$top" ] || { mount -t tmpfs -o mode=755 none "/$top"; touch "/mnt/covered-$top"; }
  mkdir -p "$path"; mount --bind "/mnt/$number" "$path"
done
mount -t tmpfs -o mode=755 none /srv
mkdir -m 700 /srv/photochrom; chown "$1:$1" /srv/photochrom
mount -t tmpfs -o mode=755 none /run
mkdir /run/secrets; printf '%s\\n' "$TOKEN" > /run/secrets/photochrom
cut -d' ' -f2 /proc/self/mounts | grep -vE '^/(srv|proc|sys|dev)' | while read -r place
do mount -o remount,bind,ro "$place" 2> /dev/null || :; done
cd /srv/photochrom
as="$rights env -i --default-signal=INT $2"
if $as touch /tmp/written 2> /dev/null; then echo "the file system is not read-only"; exit 77; fi
eval "exec $as $3" & server=$!
until eval "$as $4" 2> health; do kill -0 $server || { echo "the server ended"; exit 1; }; sleep 0.2; done
$as python -c "$5"
kill -INT $server; wait $server || echo "ended with $?"
"""
SEND = """
import os
from pathlib import Path
from photochrom.client import Client
client, photo = Client(token=os.environ['TOKEN']), Path(os.environ['PHOTO'])
print('colored', client.colorize(photo)[:2] == photo.read_bytes()[:2])
print('kept', client.wait(client.submit(photo).id).state)
"""


def instruction(name: str) -> str:
    """Return what follows the last instruction of a name."""
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE, re.MULTILINE)[-1].strip()


def words(text: str) -> str:
    """Return the command of a JSON array as a shell types it."""
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in json.loads(text[text.index("[") :]))


def linted(*command: str) -> None:
    """Run a linter; it skips where it is not installed."""
    path = BIN / command[0]
    if not path.exists():
        pytest.skip(f"{command[0]} is not installed: pip install 'photochrom[test]'")
    run = subprocess.run([path, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_linters_find_nothing() -> None:
    linted("hadolint", "Dockerfile")
    linted("yamllint", "--strict", "-d", "{extends: default, rules: {line-length: {max: 120}}}", "compose.yaml")
    linted("compose-lint", "check", "--fail-on", "low", "compose.yaml")


def test_the_image_is_small_and_its_user_is_nobody() -> None:
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)[-1].endswith("-slim")
    assert int(instruction("USER").partition(":")[0]) >= 1000
    assert instruction("VOLUME") in instruction("CMD")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    copied = " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)).split()
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(copied)


def test_compose_asks_what_the_image_does() -> None:
    yaml = pytest.importorskip("yaml")
    service = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["serve"]
    health = instruction("HEALTHCHECK")
    assert service["healthcheck"]["test"] == ["CMD", *json.loads(health[health.index("[") :])]
    assert service["volumes"] == [f"photos:{instruction('VOLUME')}"]
    assert service["user"] == instruction("USER")
    assert service["ports"][0].startswith("127.0.0.1:")
    assert f"@/run/secrets/{service['secrets'][0]}" in instruction("CMD")


@pytest.mark.slow
def test_the_command_of_the_image_needs_one_writable_folder_and_no_rights(tmp_path: Path) -> None:
    tools = ("unshare", "setpriv", "ip", "mount")
    if os.name != "posix" or os.geteuid() != 0 or not all(shutil.which(tool) for tool in tools):
        pytest.skip(f"needs root and {', '.join(tools)}")
    if subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let root make a container of its own")
    photo = ROOT / "build" / "container.jpg"  # for all to read, unlike the tests' own folders
    photo.parent.mkdir(exist_ok=True)
    photo.write_bytes((ROOT / "examples" / "castle-clinton.jpg").read_bytes() + bytes(2_000_000))  # more than is held
    variables = dict(re.findall(r"(\w+)=(\S+)", instruction("ENV")))
    variables |= {"PATH": f"{BIN}:/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src"), "PHOTO": str(photo)}
    given = " ".join(f"{name}={value}" for name, value in (variables | {"TOKEN": TOKEN}).items())
    user, folders = instruction("USER").partition(":")[0], f"{sys.base_prefix} {sys.prefix} {ROOT}"
    script = [user, given, words(instruction("CMD")), words(instruction("HEALTHCHECK")), SEND, folders]
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", CONTAINER, "sh", *script]
    environment = os.environ | {"TOKEN": TOKEN}
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, env=environment)
    if run.returncode == 77:
        pytest.skip(run.stdout)
    said = run.stdout.splitlines()
    assert (run.returncode, said) == (0, ["colored True", "kept done", "ended with 130"]), run.stdout + run.stderr


def test_the_systemd_unit_is_valid_and_leaves_little_open(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    unit = tmp_path / "photochrom.service"
    text = re.search(r"^```ini\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)[1]
    unit.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={shutil.which('true')}", text))
    for words in (["verify"], ["security", "--offline=true", "--threshold=20"]):
        run = subprocess.run([analyze, *words, str(unit)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "photochrom.service:" not in run.stderr, run.stderr
