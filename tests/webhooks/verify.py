"""Which of the messages on standard input the reference library takes, by each key and when changed."""
import json
import sys

from standardwebhooks.webhooks import Webhook


def takes(key, body, headers):
    try:
        Webhook(key).verify(body, headers)
        return True
    except Exception:
        return False


told = json.load(sys.stdin)
print(json.dumps([
    [takes(key, m["body"], m["headers"]) for key in told["keys"]] + [takes(told["keys"][0], m["body"] + " ", m["headers"])]
    for m in told["messages"]
]))
