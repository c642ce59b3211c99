import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { expectAccessible, fakeServer, renderPage } from "../../test/render";

const PASSWORD = "une phrase toute neuve";
const wrong = (what: string) => ({
  status: 401,
  body: { type: "urn:guet:unauthenticated", title: what, what, status: 401 },
});

describe("an invitation at the door", () => {
  it("is refused in the server’s words, then opens the account", async () => {
    const user = userEvent.setup();
    const calls = fakeServer({
      "POST /session/invitation": (body) =>
        (body as { code: string }).code === "good"
          ? { status: 204 }
          : wrong("Cette invitation n’est pas valable."),
    });
    const { container } = renderPage("/invitation");
    await user.type(await screen.findByLabelText("Identifiant"), " agent ");
    await user.type(screen.getByLabelText("Code de l’invitation"), "bad");
    await user.type(screen.getByLabelText("Nouveau mot de passe"), `${PASSWORD}{Enter}`);
    expect(await screen.findByText("Cette invitation n’est pas valable.")).toBeTruthy();
    await expectAccessible(container);
    await user.clear(screen.getByLabelText("Code de l’invitation"));
    await user.type(screen.getByLabelText("Code de l’invitation"), " good ");
    await user.click(screen.getByRole("button", { name: "Ouvrir mon compte" }));
    expect(await screen.findByText("Votre compte est ouvert.")).toBeTruthy();
    expect(calls.list.at(-1)?.body).toEqual({ login: "agent", code: "good", password: PASSWORD });
    expect(screen.getByRole("link", { name: "Aller à la connexion" })).toBeTruthy();
    await expectAccessible(container);
  });
});

describe("a recovery at the door", () => {
  it("takes a part in each field and sends all of them together", async () => {
    const user = userEvent.setup();
    const calls = fakeServer({ "POST /session/recover": { status: 204 } });
    const { container } = renderPage("/retablir");
    await user.type(await screen.findByLabelText("Identifiant"), "maire");
    await user.click(screen.getByRole("button", { name: "J’ai une autre partie" }));
    await user.type(screen.getByLabelText("Partie 1 du code"), " aaaa ");
    await user.type(screen.getByLabelText("Partie 3 du code"), "cccc");
    await user.type(screen.getByLabelText("Nouveau mot de passe"), PASSWORD);
    await expectAccessible(container);
    await user.click(screen.getByRole("button", { name: "Rétablir mon accès" }));
    expect(await screen.findByText("Mot de passe changé.")).toBeTruthy();
    expect(calls.list.at(-1)?.body).toEqual({ login: "maire", code: "aaaa cccc", password: PASSWORD });
  });
});
