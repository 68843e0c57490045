"""A mail server of aiosmtpd: prints its port, then each letter as a line of JSON, until its input ends."""
import json
import sys

from aiosmtpd.controller import Controller


class Handler:
    async def handle_DATA(self, server, session, envelope):
        letter = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "letter": envelope.content.decode("utf-8", "replace")}
        print(json.dumps(letter), flush=True)
        return "250 taken"


class Anywhere(Controller):
    def __init__(self):
        super().__init__(Handler(), hostname="127.0.0.1", port=int(sys.argv[1]))


controller = Anywhere()
controller.start()
print(controller.server.sockets[0].getsockname()[1], flush=True)
sys.stdin.read()
controller.stop()
