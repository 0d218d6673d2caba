"""Which texts are names: of resources, namespaces, variables, images, quantities, labels."""

import re

from moorage_contract.cluster_names import GATEWAY_CHILD_SUFFIX
from moorage_operator.api.bounds import COMMAND_WORD_CHARACTERS, ENVIRONMENT_VALUE_CHARACTERS
from moorage_operator.api.findings import quoted
from moorage_operator.api.resource_kinds import (
    GROUP_CHILD_SUFFIX,
    LAUNCHER_FOLDER,
    RESERVED_VOLUME_PREFIX,
)
from moorage_operator.api.value import Problem, TextRule

DNS_LABEL_CHARACTERS = 63
_SUBDOMAIN_CHARACTERS = 253
_IMAGE_CHARACTERS = 512
_PATH_CHARACTERS = 1_024
_LABEL_KEY_CHARACTERS = 317

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_FILE_KEY = re.compile(r"[-._A-Za-z0-9]+")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
_QUANTITY = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_VOLUME_NAME = re.compile(rf"(?!{RESERVED_VOLUME_PREFIX})[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_FOLDER_PATH = re.compile(r"/[^\0]*")
_MOUNT_PATH = re.compile(rf"(?!{LAUNCHER_FOLDER}(/|\Z))(/(?!\.\.?(/|\Z))[^/:\0]+)+")
_SUB_PATH = re.compile(r"(?!\.\.?(/|\Z))[^/\0]+(/(?!\.\.?(/|\Z))[^/\0]+)*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


def matching(pattern: re.Pattern[str], most: int, noun: str, remedy: str) -> TextRule:
    """The rule "at most ``most`` characters of this pattern"; the noun says what it should be."""

    def check(text: str) -> Problem | None:
        if len(text) > most:
            return f"{quoted(text)} has {len(text)} characters, more than {most}", "shorten it"
        if pattern.fullmatch(text) is None:
            return f"{quoted(text)} is not {noun}", remedy
        return None

    return check


def any_text(most: int, *, empty: bool = False) -> TextRule:
    """The rule "any text of at most ``most`` characters, without NUL"."""

    def check(text: str) -> Problem | None:
        if not text and not empty:
            return "is empty", "write something or leave the field out"
        if len(text) > most:
            return f"has {len(text)} characters, more than {most}", "shorten it"
        if "\0" in text:
            return "has a NUL character", "remove it"
        return None

    return check


def _named_with_children(suffix: str) -> TextRule:
    return matching(
        _SERVICE_NAME,
        DNS_LABEL_CHARACTERS - len(suffix),
        f"a name that the Service NAME{suffix} could have",
        "use lower-case letters, digits and -, with a letter first and no - at the end",
    )


_LABEL_REMEDY = "use lower-case letters, digits and -, with no - at either end"

gateway_name = _named_with_children(GATEWAY_CHILD_SUFFIX)
group_name = _named_with_children(GROUP_CHILD_SUFFIX)
namespace_name = matching(_DNS_LABEL, DNS_LABEL_CHARACTERS, "a namespace's name", _LABEL_REMEDY)
object_name = matching(
    _SUBDOMAIN,
    _SUBDOMAIN_CHARACTERS,
    "an object's name",
    "use lower-case letters, digits, - and ., with a letter or digit at both ends",
)
variable_name = matching(
    _VARIABLE,
    _SUBDOMAIN_CHARACTERS,
    "a variable's name",
    "use letters, digits, _, . and -, with no digit first",
)
data_key = matching(
    _FILE_KEY, _SUBDOMAIN_CHARACTERS, "a key of its data", "use letters, digits, -, _ and ."
)
image_name = matching(
    _IMAGE,
    _IMAGE_CHARACTERS,
    "an image's name",
    "write it like registry.example/tickets:1.4",
)
quantity = matching(_QUANTITY, 32, "a quantity", "write it like 250m, 2 or 512Mi")
label_key = matching(
    _LABEL_KEY, _LABEL_KEY_CHARACTERS, "a label's name", "write it like team or example.com/team"
)
label_value = matching(
    _LABEL_VALUE, DNS_LABEL_CHARACTERS, "a label's value", "use letters, digits, -, _ and ."
)
command_word = any_text(COMMAND_WORD_CHARACTERS)
argument = any_text(COMMAND_WORD_CHARACTERS, empty=True)
environment_value = any_text(ENVIRONMENT_VALUE_CHARACTERS, empty=True)
volume_name = matching(
    _VOLUME_NAME,
    DNS_LABEL_CHARACTERS,
    "a volume's name",
    f"{_LABEL_REMEDY}; names that begin with {RESERVED_VOLUME_PREFIX} are taken",
)
mount_path = matching(
    _MOUNT_PATH,
    _PATH_CHARACTERS,
    "a folder to mount at",
    f"write it like /data, without //, .. and :; {LAUNCHER_FOLDER} is taken",
)
sub_path = matching(
    _SUB_PATH,
    _PATH_CHARACTERS,
    "a path within a volume",
    "write it like data/notes, without //, .. and / first",
)
folder_path = matching(
    _FOLDER_PATH, COMMAND_WORD_CHARACTERS, "an absolute folder", "begin it with /"
)
