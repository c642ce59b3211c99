"""Real PKCS#11 tokens in a folder (SoftHSM2), and a shim before them that locks, hangs or falls at the login."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

MODULE: Final = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN: Final = "482913"
SHIM: Final = r"""
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
enum { TOKEN_INFO = 7, LOGIN = 19, COUNT = 69, FLAGS_AT = 96, FINAL_TRY = 0x20000 };
static void *table[COUNT];
static unsigned long (*get_token_info)(unsigned long, char *);
static unsigned long token_info(unsigned long slot, char *info) {
  unsigned long said = get_token_info(slot, info), flags;
  memcpy(&flags, info + FLAGS_AT, sizeof flags);
  flags |= FINAL_TRY;
  memcpy(info + FLAGS_AT, &flags, sizeof flags);
  return said;
}
static unsigned long login(unsigned long session, unsigned long user, char *pin, unsigned long length) {
  const char *how = getenv("GUET_SHIM");
  if (!strcmp(how, "hang")) for (;;) sleep(3600);
  if (!strcmp(how, "fall")) abort();
  return strtoul(how, NULL, 0);
}
unsigned long C_GetFunctionList(void ***out) {
  void **real;
  unsigned long (*get)(void ***) = dlsym(dlopen(REAL, RTLD_NOW), "C_GetFunctionList");
  get(&real);
  memcpy(table, real, sizeof table);
  get_token_info = table[TOKEN_INFO];
  if (!strcmp(getenv("GUET_SHIM"), "final")) table[TOKEN_INFO] = token_info;
  table[LOGIN] = login;
  *out = table;
  return 0;
}
"""


@dataclass(frozen=True, slots=True)
class SoftTokens:
    """A folder of software tokens, which ``SOFTHSM2_CONF`` points to while the test runs."""

    folder: Path

    @classmethod
    def begin(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SoftTokens:
        """No token yet."""
        (folder / "tokens").mkdir(parents=True)
        settings = folder / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
        monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
        return cls(folder)

    def add(self, label: str, pin: str = PIN) -> None:
        """One more token, empty, its PIN set."""
        done = ("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "91827364")
        subprocess.run(done, check=True, capture_output=True)

    def take_out(self) -> None:
        """All tokens out of the machine."""
        os.rename(self.folder / "tokens", self.folder / "elsewhere")
        (self.folder / "tokens").mkdir()

    def put_back(self) -> None:
        """The tokens that were taken out in again, instead of those that are there."""
        shutil.rmtree(self.folder / "tokens")
        os.rename(self.folder / "elsewhere", self.folder / "tokens")

    def shim(self) -> Path:
        """A module before the real one, for ``GUET_SHIM``: hang, fall, final, or what C_Login is to return."""
        source, made = self.folder / "shim.c", self.folder / "shim.so"
        source.write_text(SHIM)
        command = ("cc", "-shared", "-fPIC", "-w", f'-DREAL="{MODULE}"', "-o", str(made), str(source))
        subprocess.run(command, check=True, capture_output=True)
        made.chmod(0o700)
        return made
