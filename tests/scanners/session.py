"""Keeps a login fresh while scanners run: signs in again when it has ended, steps up before dangerous acts lapse, and
hands its cookies to nginx. Runs until it is killed."""

import json
import os
import signal
import sys
import time

import prepare
from portal import Portal

LOOK_S = 10        # how often the login is tried
BEARER_S = 30      # scanners begin sign-ins anew and revoke invitations, and a lost one is not seen from outside


def hand_over(portal, work, name="cookie.conf"):
    """Write nginx's piece of configuration and let it read it."""
    draft = f"{work}/{name}.new"
    with open(draft, "w", encoding="utf-8") as file:
        file.write(f'proxy_set_header Cookie "{portal.cookies()}";\n')
    os.replace(draft, f"{work}/{name}")
    try:
        with open(f"{work}/nginx.pid", encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGHUP)
    except FileNotFoundError:
        pass  # nginx starts later


def main(login_file, direct, work):
    with open(login_file, encoding="utf-8") as file:
        login = json.loads(file.readline())
    portal = Portal(login, direct)
    portal.sign_in()
    newcomer = Portal(login, direct)
    prepare.begin_enrolment(portal, newcomer)
    hand_over(newcomer, work, "newcomer.conf")
    prepare.open_link(portal)
    hand_over(portal, work)
    opened = time.monotonic()
    while True:
        time.sleep(LOOK_S)
        before = portal.cookies()
        url, _, _, _ = portal.ask("/tenants")
        try:
            if portal.at_the_door(url):
                portal.sign_in()
                print("signed in again", flush=True)
            else:
                # Leads on at once while the proof is fresh.
                portal.sign_in("/login/step-up?next=/tenants")
        except RuntimeError as error:
            # The scanners' own guesses at the same doors make everybody from this address wait.
            print(error, flush=True)
        if time.monotonic() - opened > BEARER_S:
            prepare.open_link(portal)
            opened = time.monotonic()
        if portal.cookies() != before:
            hand_over(portal, work)


if __name__ == "__main__":
    main(*sys.argv[1:])
