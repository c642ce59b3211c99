import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Role } from "../../api/session";
import { HOUR_US, NOW, oneRequest, requestWith, SPAN } from "../../test/oneRequest";
import { type Answers, CAMERA_ID, expectAccessible, fakeServer, renderPage } from "../../test/render";
import { droppedFields, EMPTY_DRAFT, missingOf, type RequestDraft } from "./requestForm";

const FORM = `/demandes/nouvelle?camera=${CAMERA_ID}&from=${SPAN.from_us}&to=${SPAN.to_us}`;
const FIELDS = {
  authority: "Parquet du tribunal judiciaire de Valclair",
  offence: "dégradation",
  facts: "Une vitre de l’abribus brisée",
  delivery: "digital",
};

const REPORTED = requestWith({
  number: "D-2026-0008",
  frame: "article_40",
  authority: FIELDS.authority,
  answer_by_us: NOW + 48 * HOUR_US,
  fields: FIELDS,
});

const as = (role: Role, more: Answers = {}) => oneRequest(REPORTED, role, more);

describe("a report to the prosecutor (P-77)", () => {
  it("is registered by who saw it, with its addressee, its offence and the facts", async () => {
    const user = userEvent.setup();
    const made = { status: 201, body: { request: "d-1", hold: "g-1", hold_until_us: NOW + 360 * HOUR_US } };
    const calls = fakeServer(as("officer", { "POST /communes/valclair/requests": made }));
    const { router } = renderPage(FORM);
    await user.click(await screen.findByRole("radio", { name: /Signalement au procureur/ }));
    expect(screen.getByText(/n’attend ni décision ni images/)).toBeTruthy();
    expect(screen.queryByLabelText("Matricule")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Enregistrer et geler" }));
    expect(await screen.findByText(/parquet destinataire, infraction visée, faits, en bref/)).toBeTruthy();
    expect(calls.list.some(({ call }) => call.startsWith("POST"))).toBe(false);
    await user.type(screen.getByLabelText("Parquet destinataire"), FIELDS.authority);
    await user.type(screen.getByLabelText("Infraction visée"), FIELDS.offence);
    await user.type(screen.getByLabelText("Faits, en bref"), FIELDS.facts);
    await user.type(screen.getByLabelText("Objet, en une phrase"), "Abribus");
    await user.click(screen.getByRole("button", { name: "Enregistrer et geler" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/demandes/d-1"));
    expect(calls.list.find(({ call }) => call.startsWith("POST"))?.body).toEqual({
      ...SPAN,
      frame: "article_40",
      fields: FIELDS,
      cameras: [CAMERA_ID],
      motive: "Abribus",
      answer_by: null,
    });
  });

  it("is not the secretary's to make, nor an agent of the State's", async () => {
    for (const role of ["secretary", "state_agent"] as const) {
      fakeServer(as(role));
      const { unmount } = renderPage(FORM);
      expect(await screen.findByRole("radio", { name: /Enquête préliminaire/ })).toBeTruthy();
      expect(screen.queryByRole("radio", { name: /Signalement/ })).toBeNull();
      unmount();
    }
  });

  it("leaves nothing of another frame behind", () => {
    const draft: RequestDraft = { ...EMPTY_DRAFT, frame: "article_40", fields: { facts: "x", offence: "y" } };
    expect(missingOf(draft)).toContain("authority");
    expect(droppedFields(draft, "flagrance")).toEqual(["facts"]);
  });

  it("offers the mayor neither refusal nor reduction, and says why", async () => {
    fakeServer(as("mayor"));
    const { container, unmount } = renderPage("/decision/d-1");
    expect(await screen.findByRole("button", { name: "Autoriser l’extraction" })).toBeTruthy();
    expect(screen.getByRole("button", { name: "Demander des précisions…" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: /Refuser/ })).toBeNull();
    expect(screen.queryByRole("button", { name: /en partie/i })).toBeNull();
    expect(screen.getByText(FIELDS.authority)).toBeTruthy();
    expect(screen.getByText(/Un signalement ne se refuse pas/)).toBeTruthy();
    expect(screen.getByText(/Une vitre de l’abribus brisée/)).toBeTruthy();
    await expectAccessible(container);
    unmount();
    fakeServer(as("officer"));
    renderPage("/demandes/d-1");
    expect(await screen.findByRole("heading", { level: 1, name: "Signalement D-2026-0008" })).toBeTruthy();
    expect(screen.getByText(/il est exécuté en entier, ou précisé/)).toBeTruthy();
  });
});
