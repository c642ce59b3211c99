import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Role } from "../../api/session";
import { HOUR_US, NOW, oneRequest, requestWith, SPAN } from "../../test/oneRequest";
import { type Answers, CAMERA_ID, expectAccessible, fakeServer, renderPage } from "../../test/render";

const COLLECTED = requestWith({
  number: "D-2026-0007",
  procedure_number: "4127/2026",
  motive: "PV 4127/2026",
  state: "approved",
  basis: "acces_habilite",
  basis_fr: "Accès habilité, sans réquisition",
  access: {
    service: "gendarmerie",
    service_fr: "Gendarmerie nationale",
    level: "departement",
    decision_ref: "Décision GGD 2026-31",
    signed_by: "Colonel Roy",
  },
  fields: { officer_name: "Roche", procedure_number: "4127/2026" },
  may_extract: true,
});

const as = (role: Role, more: Answers = {}) => oneRequest(COLLECTED, role, more);

describe("an agent of the State, without a réquisition (P-73)", () => {
  it("opens a collection under an inquiry, with neither authorisation nor answer to wait for", async () => {
    const user = userEvent.setup();
    const made = { status: 201, body: { request: "d-1", hold: "g-1", hold_until_us: NOW + 300 * HOUR_US } };
    const calls = fakeServer(as("state_agent", { "POST /communes/valclair/collections": made }));
    const address = `/demandes/nouvelle?camera=${CAMERA_ID}&from=${SPAN.from_us}&to=${SPAN.to_us}`;
    const { router } = renderPage(address);
    expect(await screen.findByRole("heading", { level: 1, name: "Ouvrir une collecte" })).toBeTruthy();
    expect(screen.getAllByRole("radio")).toHaveLength(3);
    await user.click(screen.getByRole("radio", { name: /Enquête préliminaire/ }));
    expect(screen.queryByLabelText(/Autorisation du procureur/)).toBeNull();
    expect(screen.queryByText(/Au plus tard le/)).toBeNull();
    await user.click(screen.getByRole("button", { name: "Ouvrir et geler" }));
    expect(calls.list.some(({ call }) => call.startsWith("POST"))).toBe(false);
    const typed: Record<string, string> = {
      Autorité: "Brigade de Valclair",
      "Unité ou service": "BTA",
      "Nom de l’agent": "Roche",
      Matricule: "224117",
      "N° de procès-verbal ou de procédure": "4127/2026",
      "Infraction visée": "vol aggravé",
      "Objet, en une phrase": "PV 4127/2026",
    };
    for (const [label, text] of Object.entries(typed)) await user.type(screen.getByLabelText(label), text);
    await user.click(screen.getByRole("button", { name: "Ouvrir et geler" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/demandes/d-1"));
    expect(calls.list.find(({ call }) => call.startsWith("POST"))?.body).toEqual({
      ...SPAN,
      frame: "preliminaire",
      fields: {
        authority: "Brigade de Valclair",
        unit: "BTA",
        officer_name: "Roche",
        officer_number: "224117",
        procedure_number: "4127/2026",
        offence: "vol aggravé",
      },
      cameras: [CAMERA_ID],
      motive: "PV 4127/2026",
      answer_by: null,
    });
  });

  it("alone extracts it; its page names what it rests on, and no decision", async () => {
    fakeServer(as("state_agent"));
    const { container, unmount } = renderPage("/demandes/d-1");
    expect(await screen.findByRole("button", { name: "Lancer l’extraction" })).toBeTruthy();
    expect(screen.getByText("Aucune décision du maire n’est requise.")).toBeTruthy();
    expect(screen.getByText("Gendarmerie nationale, Décision GGD 2026-31, Colonel Roy")).toBeTruthy();
    expect(screen.queryByText("Décision attendue.")).toBeNull();
    const steps = screen.getByRole("list", { name: "Étapes de la demande" });
    expect(within(steps).getAllByRole("listitem")).toHaveLength(5);
    await expectAccessible(container);
    unmount();
    fakeServer(as("mayor"));
    renderPage("/demandes/d-1");
    expect(await screen.findByText("Aucune décision du maire n’est requise.")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Lancer l’extraction" })).toBeNull();
    expect(screen.queryByRole("link", { name: "Décider" })).toBeNull();
  });

  it("waits for nobody of the town, and is on the agent's own list", async () => {
    fakeServer(as("state_agent"));
    const { unmount } = renderPage("/demandes");
    expect(await screen.findByRole("heading", { level: 1, name: "Vos collectes" })).toBeTruthy();
    expect(await screen.findByRole("link", { name: "D-2026-0007" })).toBeTruthy();
    expect(screen.getByText("3 sur 5")).toBeTruthy();
    unmount();
    fakeServer(as("secretary"));
    renderPage("/demandes");
    expect(await screen.findByText("Aucune demande à cette étape")).toBeTruthy();
  });

  it("signs a receipt that says the basis", async () => {
    const sealed = { manifest_sha256: "ab".repeat(32), built_us: NOW, bytes: 10 };
    const packaged = { ...COLLECTED, state: "packaged", package: sealed };
    fakeServer(as("state_agent", { "GET /requests/d-1": { body: packaged } }));
    renderPage("/demandes/d-1/remise");
    expect(await screen.findByText("Accès habilité, sans réquisition")).toBeTruthy();
    expect(screen.getByText("Gendarmerie nationale, Décision GGD 2026-31, Colonel Roy")).toBeTruthy();
  });
});
