import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { type Answers, expectAccessible, fakeServer, renderPage, signedInAs } from "../../test/render";

const NOW = 1_795_000_000_000_000;
const DAY = 24 * 3600 * 1_000_000;
const OPEN = {
  id: "x-1",
  state: "open",
  cameras: ["valclair-c02"],
  from_us: NOW - DAY,
  to_us: NOW - DAY + 600_000_000,
  motive: "accident",
  asked_by: "Agent A",
  confirmed_by: "Agente B",
  opened_us: NOW,
  until_us: NOW + 1_800_000_000,
  closed_us: null,
};
const LONG_OVER = { ...OPEN, id: "x-0", state: "over", motive: "ancien", opened_us: NOW - 40 * DAY };

const answers = (role: "auditor" | "chief"): Answers => ({
  ...signedInAs(role),
  "GET /communes/valclair/cameras": { body: [] },
  "GET /communes/valclair/journal": {
    body: {
      log: "q",
      logs: ["q"],
      size: 0,
      checkpoint: "",
      vkey: "",
      cosigned: {},
      entries: [],
      total: 0,
      labels: {},
    },
  },
  "GET /communes/valclair/emergencies": { body: { now_us: NOW, emergencies: [OPEN, LONG_OVER] } },
  "POST /communes/valclair/emergencies/close": { body: { closed: true } },
});

describe("exceptional openings on the journal's page", () => {
  it("are told with who signed, and ended by the data protection officer", async () => {
    const calls = fakeServer(answers("auditor"));
    const { container } = renderPage("/journal");
    await screen.findByText(/Une ouverture exceptionnelle est en cours/);
    expect(container.textContent).toContain("Signée par Agent A et Agente B");
    expect(container.textContent).not.toContain("ancien");
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", { name: "Y mettre fin…" }));
    await userEvent.type(await screen.findByLabelText(/Motif/), "le maire répond");
    await userEvent.click(screen.getByRole("button", { name: "Mettre fin" }));
    await screen.findByText(/ses vues s’éteignent\./);
    const sent = calls.list.find(({ call }) => call === "POST /communes/valclair/emergencies/close");
    expect(sent?.body).toEqual({ emergency: "x-1", motive: "le maire répond" });
  });

  it("are not the head of service's to end here", async () => {
    fakeServer(answers("chief"));
    renderPage("/journal");
    await screen.findByText(/Une ouverture exceptionnelle est en cours/);
    expect(screen.queryByRole("button", { name: "Y mettre fin…" })).toBeNull();
  });
});
