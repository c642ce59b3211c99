import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Habilitation, Rights } from "../../api/people";
import { nowUs } from "../../i18n/format";
import { type Answers, fakeServer, renderPage, sessionAs } from "../../test/render";

const DAY_US = 86_400_000_000;
const HELD: Habilitation = {
  id: "h-9",
  person: "p-9",
  role: "officer",
  category: "P-52",
  decision_ref: "Décision 12",
  signed_by: "Le maire",
  acts: ["live"],
  cameras: null,
  from_us: nowUs() - DAY_US,
  until_us: nowUs() + 300 * DAY_US,
};
const none = { cameras: [], refusal: null };

function answers(habilitation: Habilitation): Answers {
  const rights: Rights = {
    person: habilitation.person,
    label: "Agent PM 07",
    at_us: nowUs(),
    roles: ["officer"],
    images: { live: none, replay: none, framing: none, export: none, snapshot: none },
    acts: [],
    habilitations: [habilitation],
  };
  return {
    "GET /session": { body: sessionAs("mayor", { step_up_until_us: nowUs() + DAY_US }) },
    "GET /communes/valclair/requests": { body: { requests: [] } },
    [`GET /communes/valclair/people/${habilitation.person}/rights`]: { body: rights },
    "POST /habilitations/h-9/suspend": { body: {} },
    "POST /habilitations/h-9/resume": { body: {} },
  };
}

describe("suspension of an habilitation", () => {
  it("wants a motive, has no end unless one is given, and is lifted", async () => {
    const user = userEvent.setup();
    const calls = fakeServer(answers(HELD));
    const first = renderPage("/habilitations/p-9");
    await user.click(await screen.findByRole("button", { name: "Suspendre…" }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "Confirmer la suspension" }));
    expect(calls.list.some(({ call }) => call.startsWith("POST"))).toBe(false);
    await user.type(within(dialog).getByLabelText("Motif"), "enquête administrative");
    await user.click(within(dialog).getByRole("button", { name: "Confirmer la suspension" }));
    await waitFor(() =>
      expect(calls.list.find(({ call }) => call.endsWith("/suspend"))?.body).toEqual({
        motive: "enquête administrative",
        until: null,
      }),
    );
    first.unmount();
    const suspensions = [{ from_us: nowUs(), until_us: null, motive: "enquête administrative" }];
    const again = fakeServer(answers({ ...HELD, suspended: true, suspensions }));
    renderPage("/habilitations/p-9");
    await user.click(await screen.findByRole("button", { name: "Lever la suspension…" }));
    await user.click(await screen.findByRole("button", { name: "Lever la suspension" }));
    await waitFor(() => expect(again.list.some(({ call }) => call.endsWith("/h-9/resume"))).toBe(true));
  });

  it("is nobody’s to impose on or lift for themselves", async () => {
    fakeServer(answers({ ...HELD, person: "p-1", suspended: true }));
    renderPage("/habilitations/p-1");
    expect(await screen.findByRole("button", { name: "Retirer l’habilitation…" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: /suspension|Suspendre/ })).toBeNull();
  });
});
