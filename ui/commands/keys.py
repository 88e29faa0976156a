"""`wenju keys`: who may use the server."""

from __future__ import annotations

import argparse

from ui.messages import pick, say

HELP = pick("管理服务器的钥匙", "the server's keys")
EXAMPLES = """\
  wenju keys add li
  wenju keys add report-bot --read-only --label "nightly report"
  wenju keys list
  wenju keys revoke 3f9c21d07a44"""
DETAILS = pick(
    "钥匙只在生成时显示一次，之后只存它的散列。",
    "A key is shown once, when it is made; only its hash is kept.",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="")
    add = actions.add_parser("add", help=pick("给用户一把新钥匙", "a new key for a user"))
    add.add_argument("user", metavar="USER", help=pick("用户名", "the user's name"))
    add.add_argument(
        "--read-only", action="store_true",
        help=pick("只能查和问，不能改资料库", "may ask and read, not change libraries"),
    )  # fmt: skip
    add.add_argument(
        "--label", default="", metavar="TEXT", help=pick("备注", "what the key is for")
    )
    actions.add_parser("list", help=pick("列出（默认）", "list them (default)"))
    revoke = actions.add_parser("revoke", help=pick("作废一把钥匙", "make a key invalid"))
    revoke.add_argument("key", metavar="KEY", help=pick("钥匙的编号", "the key's id"))


def run(args: argparse.Namespace) -> int:
    from index.places import home
    from ui.errors import UiError
    from ui.state import FILE, Role, State

    with State(home() / FILE) as state:
        if args.action == "add":
            role: Role = "read" if args.read_only else "full"
            key, secret = state.add_key(args.user, role=role, label=args.label[:200])
            print(secret)
            print(say("key_made", id=key.id, user=key.user))
        elif args.action == "revoke":
            # The key itself will do as well: whoever finds one can make it invalid.
            key_id = args.key.split("_")[1] if args.key.startswith("wj_") else args.key
            if not state.revoke_key(key_id):
                raise UiError(say("key_unknown", id=key_id))
            print(say("key_revoked", id=key_id))
        else:
            keys = state.list_keys()
            if not keys:
                print(say("no_keys"))
            for key in keys:
                status = say("key_is_revoked") if key.revoked else key.role
                print(f"{key.id}  {key.user}  {status}  {key.created[:10]}  {key.label}".rstrip())
    return 0
