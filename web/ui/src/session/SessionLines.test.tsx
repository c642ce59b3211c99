import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { expectAccessible, fakeServer, renderPage, signedInAs } from "../test/render";

const SINCE = Date.UTC(2026, 10, 24, 13, 0) * 1000;
const session = (more: object) => ({
  id: "s-1",
  workstation: "CSU 1",
  means: "passkey",
  since_us: SINCE,
  seen_us: SINCE,
  commune: "Valclair-sur-Brume",
  current: true,
  held: true,
  elsewhere_us: null,
  ...more,
});

it("says which sessions are held to their workstation, and which was shown on another", async () => {
  const sessions = [
    session({ elsewhere_us: SINCE + 60_000_000 }),
    session({ id: "s-2", workstation: "192.0.2.7 guet", current: false, held: false }),
  ];
  const account = {
    passkeys: [],
    passkeys_possible: true,
    second_factor: { since_us: null, codes_left: 0 },
    identities: [],
    workstation: "CSU 1",
    sessions,
  };
  fakeServer({
    ...signedInAs("chief"),
    "GET /account": { body: account },
    "GET /session/providers": { body: [] },
  });
  const { container } = renderPage("/compte");
  const list = await screen.findByRole("list", { name: "Sessions ouvertes" });
  const [mine, other] = within(list)
    .getAllByRole("listitem")
    .map((item) => item.textContent ?? "");
  expect(mine).toContain("ne sert que sur ce poste-là");
  expect(mine).toMatch(/Présentée sur un autre poste le .*14:01.*refusée/);
  expect(other).not.toMatch(/poste-là|refusée/);
  await expectAccessible(container);
});
