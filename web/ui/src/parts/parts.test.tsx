import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Problem } from "../api/problem";
import { expectAccessible, fakeServer, renderPart, sessionAs } from "../test/render";
import { ActButton, textOf } from "./ActDialog";
import { Button } from "./Button";
import { DataTable } from "./DataTable";
import { ParisInstant } from "./DateFields";
import { StepUpProvider } from "./PasswordStepUp";
import { ErrorState, Refusal } from "./Refusal";
import { STATES, StateTag } from "./StateTag";
import { Steps } from "./Steps";
import { ToastProvider } from "./Toasts";

describe("Refusal", () => {
  it("says what is refused, under which rule, and what to do", async () => {
    const problem = new Problem(
      {
        type: "urn:guet:refused",
        title: "Votre habilitation couvre le direct, pas la relecture.",
        todo: "Demandez son extension à la cheffe de service.",
        rule: "P-58",
      },
      403,
    );
    const { container } = renderPart(<Refusal error={problem} />);
    const note = screen.getByRole("status");
    expect(note).toHaveProperty("textContent", expect.stringContaining("pas la relecture"));
    expect(note.textContent).toContain("Demandez son extension");
    expect(within(note).getByRole("link", { name: "Règle P-58" }).getAttribute("href")).toBe("/regles#P-58");
    expect(note.textContent).not.toMatch(/403|urn:/);
    await expectAccessible(container);
  });

  it("never shows a code alone, even when the server said nothing", () => {
    renderPart(<Refusal error={new Problem({}, 500)} />);
    expect(screen.getByRole("status").textContent).toMatch(/Réessayez/);
    expect(screen.getByRole("status").textContent).not.toContain("500");
  });

  it("says what goes on when the network is lost, and offers to try again", async () => {
    const retry = vi.fn();
    renderPart(<ErrorState error={new Problem({ type: "urn:guet:unreachable" }, 0)} onRetry={retry} />);
    expect(screen.getByText(/l’enregistrement continue/)).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Réessayer" }));
    expect(retry).toHaveBeenCalledOnce();
  });

  it("offers no retry of a refusal: no retry changes a rule", () => {
    renderPart(
      <ErrorState error={new Problem({ title: "Refusé.", rule: "P-21" }, 403)} onRetry={() => undefined} />,
    );
    expect(screen.queryByRole("button")).toBeNull();
  });
});

describe("StateTag", () => {
  it("gives every state a word and a shape, never colour alone", () => {
    for (const state of Object.keys(STATES) as (keyof typeof STATES)[]) {
      const { container, unmount } = renderPart(<StateTag state={state} />);
      const tag = container.querySelector(".st");
      expect(tag?.textContent?.trim()).not.toBe("");
      expect(tag?.querySelector("svg") !== null || tag?.classList.contains("st-dot")).toBe(true);
      unmount();
    }
  });
});

describe("Button", () => {
  it("keeps a button that cannot be used focusable, with its reason beside it", async () => {
    const press = vi.fn();
    renderPart(
      <Button reason="Recherche en cours." onClick={press}>
        Lancer
      </Button>,
    );
    const button = screen.getByRole("button", { name: "Lancer", description: "Recherche en cours." });
    await userEvent.click(button);
    button.focus();
    await userEvent.keyboard("{Enter}");
    expect(press).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(button);
  });
});

describe("DataTable", () => {
  it("is a table with named rows, whose cells repeat their column's word for a phone", async () => {
    const { container } = renderPart(
      <DataTable
        caption="Caméras"
        columns={[
          { key: "name", head: "Caméra", cell: (row: { id: number; name: string }) => row.name },
          { key: "days", head: "Conservation", word: "Conservation", cell: () => "15 jours" },
        ]}
        rows={[
          { id: 7, name: "Rue de la Gare" },
          { id: 9, name: "Halle" },
        ]}
        rowKey={(row) => row.id}
        selected={9}
      />,
    );
    const table = screen.getByRole("table", { name: "Caméras" });
    expect(
      within(table)
        .getAllByRole("rowheader")
        .map((cell) => cell.textContent),
    ).toEqual(["Rue de la Gare", "Halle"]);
    expect(container.querySelector("td")?.getAttribute("data-l")).toBe("Conservation");
    expect(container.querySelectorAll("tr[aria-current]")).toHaveLength(1);
    await expectAccessible(container);
  });
});

describe("Steps", () => {
  it("says the state of each step in words", async () => {
    const { container } = renderPart(
      <Steps
        label="Étapes"
        steps={[
          { key: "a", label: "Reçue", state: "done" },
          { key: "b", label: "Décision", state: "current" },
          { key: "c", label: "Remise", state: "todo" },
        ]}
      />,
    );
    expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
      "Reçue : fait",
      "Décision : en cours",
      "Remise : à venir",
    ]);
    expect(screen.getAllByRole("listitem")[1]?.getAttribute("aria-current")).toBe("step");
    await expectAccessible(container);
  });
});

describe("ActDialog", () => {
  const act = (run: (data: FormData) => Promise<unknown>) => (
    <ToastProvider>
      <StepUpProvider>
        <ActButton
          label="Suspendre…"
          title="Suspendre la caméra 12"
          confirm="Confirmer la suspension"
          run={run}
          stale={[]}
          done="Suspendue."
        >
          <input name="motive" aria-label="Motif" />
        </ActButton>
      </StepUpProvider>
    </ToastProvider>
  );

  it("keeps what was typed when the server refuses, and says the rule", async () => {
    const user = userEvent.setup();
    const refusal = new Problem({ title: "Cette caméra n’est pas en service.", rule: "P-24" }, 403);
    renderPart(act(() => Promise.reject(refusal)));
    await user.click(screen.getByRole("button", { name: "Suspendre…" }));
    await user.type(screen.getByLabelText("Motif"), "travaux");
    await user.click(screen.getByRole("button", { name: "Confirmer la suspension" }));
    const dialog = screen.getByRole("dialog", { name: "Suspendre la caméra 12" });
    expect(await within(dialog).findByText("Cette caméra n’est pas en service.")).toBeTruthy();
    expect(within(dialog).getByLabelText<HTMLInputElement>("Motif").value).toBe("travaux");
    await expectAccessible(dialog);
  });

  it("gives the focus back to its button once done, and confirms", async () => {
    const user = userEvent.setup();
    const run = vi.fn((data: FormData) => Promise.resolve(textOf(data, "motive")));
    renderPart(act(run));
    const button = screen.getByRole("button", { name: "Suspendre…" });
    await user.click(button);
    await user.type(screen.getByLabelText("Motif"), "  travaux ");
    await user.click(screen.getByRole("button", { name: "Confirmer la suspension" }));
    expect(await screen.findByText("Suspendue.")).toBeTruthy();
    expect(await run.mock.results[0]?.value).toBe("travaux");
    await vi.waitFor(() => expect(document.activeElement).toBe(button));
  });

  it("asks for the password when the server wants it again, then runs the act once more", async () => {
    const user = userEvent.setup();
    const calls = fakeServer({ "POST /session/step-up": { body: sessionAs("mayor") } });
    const run = vi
      .fn<(data: FormData) => Promise<unknown>>()
      .mockRejectedValueOnce(new Problem({ type: "urn:guet:step-up-needed", title: "Mot de passe." }, 403))
      .mockResolvedValueOnce({});
    renderPart(act(run));
    await user.click(screen.getByRole("button", { name: "Suspendre…" }));
    await user.click(screen.getByRole("button", { name: "Confirmer la suspension" }));
    await user.type(await screen.findByLabelText("Mot de passe"), "secret bien long");
    await user.click(screen.getByRole("button", { name: "Confirmer" }));
    expect(await screen.findByText("Suspendue.")).toBeTruthy();
    expect(run).toHaveBeenCalledTimes(2);
    expect(calls.list).toEqual([{ call: "POST /session/step-up", body: { password: "secret bien long" } }]);
  });

  it("does nothing when the password is not given", async () => {
    const user = userEvent.setup();
    const run = vi.fn(() => Promise.reject(new Problem({ type: "urn:guet:step-up-needed" }, 403)));
    renderPart(act(run));
    await user.click(screen.getByRole("button", { name: "Suspendre…" }));
    await user.click(screen.getByRole("button", { name: "Confirmer la suspension" }));
    await screen.findByLabelText("Mot de passe");
    await user.click(screen.getAllByRole("button", { name: "Renoncer" }).at(-1) as HTMLElement);
    expect(run).toHaveBeenCalledOnce();
    expect(screen.queryByText("Suspendue.")).toBeNull();
  });
});

describe("ParisInstant", () => {
  it("asks which of the two hours in autumn", () => {
    renderPart(
      <ParisInstant
        legend="Du"
        value={{ date: "2026-10-25", time: "02:30:00", later: false }}
        onChange={() => undefined}
      />,
    );
    expect(screen.getByRole("checkbox").parentElement?.textContent).toContain("+01:00");
  });

  it("says that the skipped hour of spring does not exist", () => {
    renderPart(
      <ParisInstant
        legend="Du"
        value={{ date: "2026-03-29", time: "02:30:00", later: false }}
        onChange={() => undefined}
      />,
    );
    expect(screen.getByText(/n’existe pas ce jour-là/)).toBeTruthy();
  });

  it("puts the day first on a French page", () => {
    renderPart(
      <ParisInstant
        legend="Du"
        value={{ date: "2026-11-24", time: "14:12:36", later: false }}
        onChange={() => undefined}
      />,
    );
    const segments = screen.getAllByRole("spinbutton").map((segment) => segment.textContent);
    expect(segments).toEqual(["24", "11", "2026", "14", "12", "36"]);
  });
});
