"""The mend of moto's server, before and after.

Run, in the folder above this one: python -m unittest tests.test_mends_server
"""

from unittest import mock

import moto.backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from launcher import answers

from .bench import Case

HOSTS = {
    "ec2.us-east-1.amazonaws.com": "ec2",
    "route53.us-west-2.amazonaws.com": "route53",
    "dynamodb": "dynamodb",
    "moto_api": "moto_api",
    "nothing.example.com": None,
}


class Server(Case):
    def looks(self):
        """What the hosts lead to, and how often the disk was asked in three rounds."""
        app = DomainDispatcherApplication(create_backend_app)
        with mock.patch.object(moto.backends.os, "listdir", wraps=moto.backends.os.listdir) as disk:
            for _ in range(3):
                found = {host: app.get_backend_for_host(host) for host in HOSTS}
        return found, disk.call_count

    def test_the_backend_of_a_host_is_found_on_disk_once(self):
        as_it_came = DomainDispatcherApplication.get_backend_for_host
        asked = len(HOSTS) - 1  # all but moto_api
        self.assertEqual(self.looks(), (HOSTS, 3 * asked))
        answers.mend()
        try:
            self.assertEqual(self.looks(), (HOSTS, asked))
        finally:
            DomainDispatcherApplication.get_backend_for_host = as_it_came
