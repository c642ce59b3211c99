import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { type JournalEntry, PAGE_ENTRIES } from "../../api/journal";
import { fakeServer, renderPage, signedInAs } from "../../test/render";

const ENTRIES = Array.from({ length: PAGE_ENTRIES }, (_, at): JournalEntry => {
  const seq = 200 - at;
  const record: JournalEntry["record"] = { kind: "session", act: "sign_in", author: { person: "p-1" } };
  return { seq, log: "q", n: seq, at_us: 1_795_000_000_000_000 + seq, record };
});

const entry = (seq: number) => screen.findByRole("button", { name: String(seq) });

beforeEach(() => {
  fakeServer({
    ...signedInAs("auditor"),
    "GET /communes/valclair/cameras": { body: [] },
    "GET /communes/valclair/emergencies": { body: { now_us: 0, emergencies: [] } },
    "GET /communes/valclair/journal": {
      body: {
        log: "q",
        logs: ["q"],
        size: 0,
        checkpoint: "",
        vkey: "",
        entries: ENTRIES,
        total: 200,
        labels: { "p-1": "Le maire" },
      },
    },
  });
});

describe("the journal by keyboard", () => {
  it("goes from an entry to its card, and back to the entry by Escape or by the button", async () => {
    const user = userEvent.setup();
    renderPage("/journal");
    const from = await entry(199);
    for (const leave of ["{Escape}", "{Tab}{Enter}"]) {
      from.focus();
      await user.keyboard("{Enter}");
      const title = await screen.findByRole("heading", { name: "Entrée 199" });
      expect(document.activeElement).toBe(title);
      await user.keyboard(leave);
      expect(screen.queryByRole("heading", { name: "Entrée 199" })).toBeNull();
      expect(document.activeElement).toBe(from);
    }
  });

  it("goes on at the list when its page is turned, and stays where a filter was set", async () => {
    const user = userEvent.setup();
    renderPage("/journal");
    (await screen.findByRole("button", { name: "Plus anciennes" })).focus();
    await user.keyboard("{Enter}");
    await screen.findByRole("button", { name: "Les plus récentes" });
    const list = () => screen.getByRole("region", { name: "Entrées du journal" });
    await waitFor(() => expect(document.activeElement).toBe(list()));
    await user.tab();
    expect(document.activeElement).toBe(await entry(200));
    screen.getByRole("button", { name: "Les plus récentes" }).focus();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(document.activeElement).toBe(list()));
    const filter = screen.getByRole("button", { name: "Filtrer" });
    await user.selectOptions(screen.getByLabelText("Acte"), "session");
    await user.click(filter);
    await entry(200);
    expect(document.activeElement).toBe(filter);
  });
});
