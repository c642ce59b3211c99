import { fireEvent, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { type Answers, expectAccessible, fakeServer, renderPage } from "../../test/render";

const NOW = Date.now() * 1000;
const PAGE = {
  commune: "valclair",
  name: "Valclair",
  controller: "",
  officer: "",
  rights: "",
  cnil_reference: "",
  cameras: 2,
  purposes: [],
  orders: [],
};
const ANSWERS: Answers = { "GET /public/communes/valclair": { body: PAGE } };

describe("a filmed person’s request", () => {
  it("is not sent while something is missing, and says where", async () => {
    const calls = fakeServer(ANSWERS);
    renderPage("/information/valclair/demande");
    fireEvent.click(await screen.findByRole("button", { name: "Envoyer la demande" }));
    expect(await screen.findByText("Choisissez ce que vous demandez.")).toBeTruthy();
    expect(screen.getAllByText("Remplissez ce champ.")).toHaveLength(4);
    expect(screen.queryByRole("radio", { name: /opposition/i })).toBeNull();
    expect(calls.list.filter(({ call }) => call.startsWith("POST"))).toEqual([]);
  });

  it("is followed by its code, which stays out of the address", async () => {
    const found = { number: "D-2026-0001", right: "access", state: "filed", filed_us: NOW, held: false };
    const more = { identity_by_us: NOW, answer_by_us: NOW, extension: "", outcome: "", decided_us: null };
    const wrong = { type: "urn:guet:not-found", title: "Aucune demande n’a ce code.", status: 404 };
    const calls = fakeServer({
      ...ANSWERS,
      "POST /public/communes/valclair/access/follow": (body) =>
        (body as { code: string }).code === "GOOD"
          ? { body: { ...found, ...more } }
          : { status: 404, body: wrong },
    });
    const { container, router } = renderPage("/information/valclair/suivi");
    const field = await screen.findByLabelText("Code de suivi");
    const ask = () => fireEvent.click(screen.getByRole("button", { name: "Voir où en est la demande" }));
    ask();
    expect(await screen.findByText("Donnez le code.")).toBeTruthy();
    fireEvent.change(field, { target: { value: "BAD" } });
    ask();
    expect(await screen.findByText("Aucune demande n’a ce code.")).toBeTruthy();
    fireEvent.change(field, { target: { value: " GOOD " } });
    ask();
    expect(await screen.findByText("Votre identité reste à vérifier, au guichet de la mairie.")).toBeTruthy();
    expect(screen.getByText("non gelées")).toBeTruthy();
    expect(calls.list.filter(({ call }) => call.startsWith("POST"))).toHaveLength(2);
    expect(router.state.location.href).not.toContain("GOOD");
    await expectAccessible(container);
  });
});
