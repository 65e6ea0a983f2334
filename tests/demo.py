"""
`make demo`: the shop is proved, deployed, refused, deployed again and attacked.

Everything but the proof happens in a copy of examples/shop in a temporary folder, with real
commands. Each ends as it is expected to, or the demonstration fails.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

THIRD = '''"""a note on each order

Revision ID: c7d1f00be214
Revises: 9e07d2c3a416
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c7d1f00be214"
down_revision = "9e07d2c3a416"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("note", sa.String(500)))


def downgrade() -> None:
    op.drop_column("order", "note")
'''


def main() -> None:
    _say("The shop as it should be:")
    _run(ROOT, {}, 0, "interlock", "check", "examples/shop")
    _say("The same shop before interlock, which deserves to fail:")
    _run(ROOT, {}, 1, "interlock", "check", "examples/shop-before")
    with tempfile.TemporaryDirectory(prefix="interlock-demo-") as folder:
        shop = Path(folder).resolve() / "shop"
        key = _set_up(shop)
        production = {"APP_ENV": "production", "DATABASE_URL": f"sqlite:///{shop}/shop.db"}
        pipeline = {**production, "CI": "true", "INTERLOCK_SIGNING_KEY": key}

        _say("Somebody has the production URL and runs the migrations by hand:")
        _run(shop, production, 1, "alembic", "upgrade", "head")
        _say("The same with the right command, on the same machine:")
        _run(shop, production, 3, "interlock", "deploy", "production")
        _say("The pipeline, which has the key:")
        _run(shop, pipeline, 0, "interlock", "deploy", "production")

        _say("The shop sells something, and a third migration is merged. Verification and backup:")
        _sell(shop)
        (shop / "migrations/versions/20250502_note.py").write_text(THIRD, encoding="utf-8")
        _git(shop, "add", "-A")
        _git(shop, "commit", "-q", "-m", "Add a note to each order")
        _run(shop, pipeline, 0, "interlock", "verify", "production")
        _run(shop, pipeline, 0, "interlock", "backup")
        # Somebody keeps a copy of the receipts for later.
        shutil.copytree(shop / ".interlock", shop.parent / "kept")
        _run(shop, pipeline, 0, "interlock", "migrate")
        _run(shop, production, 0, "interlock", "status")

        backup = max((shop / ".interlock/backups").iterdir())
        _say(f"What the backup holds: {_orders(backup)}, and no column for a note.")

        _say("The receipts that were kept are put back and used once more:")
        shutil.rmtree(shop / ".interlock")
        shutil.copytree(shop.parent / "kept", shop / ".interlock")
        _run(shop, pipeline, 3, "interlock", "migrate")


def _set_up(shop: Path) -> str:
    """Copy the shop, with a key made for the occasion and a database of its own; return the key."""
    ignored = shutil.ignore_patterns("__pycache__", ".interlock*", "*.db")
    shutil.copytree(ROOT / "examples/shop", shop, ignore=ignored)
    key = shop.parent / "ci.key"
    answer = subprocess.run(
        [_program("interlock"), "keygen", str(key)], capture_output=True, text=True, check=True
    )
    trusted = next(line for line in answer.stderr.splitlines() if line.startswith("keys = "))
    contract = shop / "pyproject.toml"
    text = contract.read_text(encoding="utf-8")
    text = text.replace("sqlite:////srv/shop/shop.db", f"sqlite:///{shop}/shop.db")
    contract.write_text(f"{text}\n[tool.interlock.trust]\n{trusted}\n", encoding="utf-8")
    (shop / "shop.db").touch()
    _git(shop, "init", "-q", "-b", "main")
    _git(shop, "add", "-A")
    _git(shop, "commit", "-q", "-m", "The shop")
    return key.read_text(encoding="ascii").strip()


def _sell(shop: Path) -> None:
    with closing(sqlite3.connect(shop / "shop.db")) as database:
        database.execute("INSERT INTO product VALUES ('tea', 'Tea', 450, 3)")
        database.execute("INSERT INTO \"order\" VALUES (1, 'Ada', '2025-05-02 10:00:00')")
        database.execute("INSERT INTO order_line VALUES (1, 'tea', 2, 450)")
        database.commit()


def _orders(backup: Path) -> str:
    with closing(sqlite3.connect(backup)) as database:
        orders = database.execute('SELECT count(*) FROM "order"').fetchone()[0]
        columns = [row[1] for row in database.execute('PRAGMA table_info("order")')]
    assert "note" not in columns
    return f"{orders} order"


# --- showing --------------------------------------------------------------------------------


def _say(text: str) -> None:
    sys.stdout.write(f"\n{text}\n\n")


def _run(shop: Path, variables: dict[str, str], expected: int, program: str, *words: str) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [_program(program), *words],
        cwd=shop,
        env={**kept, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = done.stdout.strip().splitlines()
    # Only the refusal, without the place before it and what Alembic logs.
    start = next((i for i, line in enumerate(said) if "refused: " in line), 0)
    text = "\n".join(said[start:]).replace(str(shop.parent), "")
    sys.stdout.write(f"$ {program} {' '.join(words)}\n{text}\n")
    sys.stdout.flush()
    if done.returncode != expected:
        raise SystemExit(
            f"{program} ended with {done.returncode} instead of {expected}:\n{done.stdout}"
        )


def _program(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def _git(shop: Path, *words: str) -> None:
    who = ("-c", "user.name=The shop", "-c", "user.email=shop@example.com")
    subprocess.run(["git", *who, *words], cwd=shop, check=True)


if __name__ == "__main__":
    main()
