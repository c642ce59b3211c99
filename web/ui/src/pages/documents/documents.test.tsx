import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { type Answers, expectAccessible, fakeServer, renderPage, sessionAs } from "../../test/render";

const NOW = Date.UTC(2026, 10, 24, 12) * 1000;
const WORDS = { use_fr: "À quoi il sert.", use_en: "Its use.", rule: "P-59" };
const LISTED = {
  documents: [
    { kind: "habilitations", fr: "Liste des personnes habilitées", en: "List", when: "now", ...WORDS },
    { kind: "annual-report", fr: "Rapport annuel", en: "Annual report", when: "year", ...WORDS },
    { kind: "request-file", fr: "Dossier de demande", en: "Request file", when: "order", ...WORDS },
  ],
  orders: [{ id: "o-1", reference: "2026-0718" }],
  founded_us: Date.UTC(2025, 5, 1) * 1000,
  now_us: NOW,
};

function answers(more: Answers = {}): Answers {
  return {
    "GET /session": { body: sessionAs("auditor") },
    "GET /communes/valclair/requests": { body: { requests: [] } },
    "GET /communes/valclair/documents": { body: LISTED },
    ...more,
  };
}

const card = async (name: string) => within(await screen.findByRole("region", { name }));

describe("documents", () => {
  it("lists what each is for, with what there is to choose", async () => {
    fakeServer(answers());
    const { container } = renderPage("/documents");
    const report = await card("Rapport annuel");
    expect(report.getByText("À quoi il sert.")).toBeTruthy();
    const years = within(report.getByLabelText("Année")).getAllByRole("option");
    expect(years.map((one) => one.textContent)).toEqual(["2026", "2025"]);
    const file = await card("Dossier de demande");
    expect(file.getByRole("option", { name: "2026-0718" })).toBeTruthy();
    await expectAccessible(container);
  });

  it("asks for the form and the choice, and saves what comes", async () => {
    const asked: string[] = [];
    const calls = fakeServer(
      answers({
        "GET /communes/valclair/documents/annual-report": { body: { v: 1 } },
        "GET /communes/valclair/documents/archive": { body: {} },
      }),
    );
    const saved = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    const inner = globalThis.fetch;
    vi.stubGlobal("fetch", (request: Request) => {
      asked.push(request.url);
      return inner(request);
    });
    renderPage("/documents");
    fireEvent.click((await card("Rapport annuel")).getByRole("button", { name: "Données" }));
    expect(await screen.findByText("Document produit et inscrit au journal.")).toBeTruthy();
    expect(calls.list.at(-1)?.call).toBe("GET /communes/valclair/documents/annual-report");
    expect(asked.at(-1)).toContain("?form=json&year=2026");
    expect(saved).toHaveBeenCalledOnce();
    fireEvent.click(screen.getByRole("button", { name: "Tout emporter" }));
    await waitFor(() => expect(saved).toHaveBeenCalledTimes(2));
    expect(calls.list.at(-1)?.call).toBe("GET /communes/valclair/documents/archive");
  });

  it("says a refusal in its card, and shows an empty list and a failed one as such", async () => {
    const refused = {
      status: 403,
      body: { type: "urn:guet:refused", title: "Votre qualité ne permet pas cet acte." },
    };
    fakeServer(answers({ "GET /communes/valclair/documents/annual-report": refused }));
    const { unmount } = renderPage("/documents");
    const report = await card("Rapport annuel");
    fireEvent.click(report.getByRole("button", { name: "PDF/A" }));
    expect(await report.findByText(/Votre qualité ne permet pas cet acte/)).toBeTruthy();
    unmount();
    fakeServer(answers({ "GET /communes/valclair/documents": { body: { ...LISTED, documents: [] } } }));
    const empty = renderPage("/documents");
    expect(await screen.findByText("Aucun document pour votre qualité")).toBeTruthy();
    await expectAccessible(empty.container);
    empty.unmount();
    fakeServer(answers({ "GET /communes/valclair/documents": refused }));
    renderPage("/documents");
    expect(await screen.findByText(/Votre qualité ne permet pas cet acte/)).toBeTruthy();
  });

  it("names the site plans that were filed, and lets the mayor file one", async () => {
    const plan = { sha256: "ab".repeat(32), media: "application/pdf", size_bytes: 2_000_000, drawn_us: NOW };
    const sent = "POST /communes/valclair/site-plans";
    const listed = { ...LISTED, files_plans: true, site_plans: [{ ...plan, order: "o-1", filed_us: NOW }] };
    const calls = fakeServer(
      answers({
        "GET /session": { body: sessionAs("mayor") },
        "GET /communes/valclair/documents": { body: listed },
        [sent]: { status: 201, body: {} },
      }),
    );
    const { container } = renderPage("/documents");
    const region = await card("Plan-masse du dossier");
    expect(region.getByText("2026-0718")).toBeTruthy();
    expect(region.getByRole("link", { name: /Enregistrer le plan/ }).getAttribute("href")).toBe(
      `/api/v1/communes/valclair/site-plans/${plan.sha256}`,
    );
    await expectAccessible(container);
    fireEvent.click(region.getByRole("button", { name: "Verser un plan-masse…" }));
    const dialog = within(await screen.findByRole("dialog"));
    await userEvent.upload(
      dialog.getByLabelText("Fichier"),
      new File(["%PDF"], "plan.pdf", { type: "application/pdf" }),
    );
    await userEvent.click(dialog.getByRole("button", { name: "Verser" }));
    await screen.findByText("Plan versé : le dossier le nomme.");
    expect(calls.list.filter(({ call }) => call === sent)).toHaveLength(1);
  });

  it("says that no site plan is filed, and offers nothing to those who file none", async () => {
    fakeServer(answers({ "GET /communes/valclair/documents": { body: { ...LISTED, site_plans: [] } } }));
    renderPage("/documents");
    const region = await card("Plan-masse du dossier");
    expect(region.getByText("Aucun plan-masse versé")).toBeTruthy();
    expect(region.queryByRole("button")).toBeNull();
  });
});
