import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { nowUs } from "../../i18n/format";
import { fakeServer, renderPage, sessionAs } from "../../test/render";
import { decidedByService } from "./ServiceFields";

const none = { cameras: [], refusal: null };
const RIGHTS = {
  person: "p-9",
  label: "Agent 9",
  at_us: nowUs(),
  roles: [],
  images: { live: none, replay: none, framing: none, export: none, snapshot: none },
  acts: [],
  habilitations: [],
};

describe("an habilitation by a chief of service of the State (P-50)", () => {
  it("is the mayor's to record, with service, level and the signed decision's digest, for replay and extraction", async () => {
    const user = userEvent.setup();
    const rights = { "GET /communes/valclair/people/p-9/rights": { body: RIGHTS } };
    fakeServer({ "GET /session": { body: sessionAs("mayor") }, ...rights });
    const { unmount } = renderPage("/habilitations/p-9");
    await user.click(await screen.findByRole("button", { name: "Habiliter" }));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).queryByLabelText("Service de l’agent")).toBeNull();
    await user.selectOptions(within(dialog).getByLabelText("Qualité"), "state_agent");
    const acts = within(dialog).getByRole("group", { name: "Droits, un par un" });
    expect(within(acts).getAllByRole("checkbox")).toHaveLength(2);
    const signed: HTMLInputElement = within(dialog).getByLabelText("Décision signée du chef de service");
    expect(signed.required).toBe(true);
    await user.selectOptions(within(dialog).getByLabelText("Service de l’agent"), "douanes");
    await user.selectOptions(within(dialog).getByLabelText("Niveau du chef de service"), "zone");
    await user.upload(signed, new File(["décision"], "d.pdf", { type: "application/pdf" }));
    const form = dialog.querySelector("form") as HTMLFormElement;
    await waitFor(() =>
      expect(decidedByService(new FormData(form))).toEqual({
        service: "douanes",
        level: "zone",
        document_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      }),
    );
    unmount();
    fakeServer({ "GET /session": { body: sessionAs("chief") }, ...rights });
    renderPage("/habilitations/p-9");
    await user.click(await screen.findByRole("button", { name: "Habiliter" }));
    const offered = within(await screen.findByRole("dialog")).getByLabelText("Qualité");
    expect(within(offered).queryByRole("option", { name: "Agent de l’État habilité" })).toBeNull();
  });
});
