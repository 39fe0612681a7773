"""Serves the mended moto on a free loopback port until standard input ends.

The parent holds the other end of standard input and never writes: when it ends,
however it ends, so do we. One line on standard output says where we listen.
"""

import importlib
import importlib.metadata
import json
import logging
import os
import signal
import sys
import threading

MOTO = "5.2.1"

# The modules that mend moto, in this order. clock comes first: it must replace
# what the others load.
MENDS = ("clock", "stepfunctions", "events", "ec2", "autoscaling", "rds", "route53", "cloudwatch", "dynamodb", "s3", "kms", "sns", "sqs", "ssm", "servicequotas", "identity", "answers")


def main():
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    # The interpreter logs each error that a machine then catches.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    installed = importlib.metadata.version("moto")
    if installed != MOTO:
        sys.exit(f'moto {installed} is installed, but the mends are for {MOTO}: run "make setup"')

    from . import clock

    clock.share(os.environ["PILOTLIGHT_CLOCK"])
    for name in MENDS:
        if importlib.util.find_spec(f"launcher.{name}"):
            importlib.import_module(f"launcher.{name}").mend()

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from . import answers

    app = answers.plainly(answers.undisturbed(DomainDispatcherApplication(create_backend_app)))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=answers.Handler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(json.dumps({"port": server.port}), flush=True)
    server.serve_forever()


def end_with_parent():
    sys.stdin.buffer.read()
    # Not sys.exit: executions may be in the middle of a Wait, and their threads
    # must not keep us.
    os._exit(0)


if __name__ == "__main__":
    main()
