import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pseudoMessages } from "./pseudo";
import { typesetFrench } from "./typeset";

/** Entries of a PO file as [msgid, msgstr]; obsolete ones are left out. */
function entries(path: string): [string, string][] {
  const text = readFileSync(path, "utf8");
  const join = (part: string) =>
    [...part.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => JSON.parse(`"${match[1]}"`) as string).join("");
  return text.split("\n\n").flatMap((block): [string, string][] => {
    const id = /^msgid ((?:"(?:[^"\\]|\\.)*"\n?)+)/m.exec(block);
    const translation = /^msgstr ((?:"(?:[^"\\]|\\.)*"\n?)+)/m.exec(block);
    return id?.[1] && translation?.[1] ? [[join(id[1]), join(translation[1])]] : [];
  });
}

function placeholders(message: string): string[] {
  return [...message.matchAll(/\{(\w+)[,}]|<\/?\d+\/?>/g)]
    .map((match) => match[1] ?? match[0])
    .filter((one) => !/^(one|other)$/.test(one))
    .sort();
}

describe.each(["office", "papers", "room", "reader"])("English catalogue: %s", (name) => {
  const all = entries(`src/locales/en/${name}.po`).filter(([id]) => id !== "");

  it("translates every string", () => {
    expect(all.filter(([, translation]) => translation === "").map(([id]) => id)).toEqual([]);
  });

  it("keeps every placeholder", () => {
    const wrong = all.filter(
      ([id, text]) => text !== "" && `${new Set(placeholders(id))}` !== `${new Set(placeholders(text))}`,
    );
    expect(wrong).toEqual([]);
  });
});

describe("French catalogue", () => {
  const all = ["office", "papers", "room"].flatMap((name) => entries(`src/locales/fr/${name}.po`));

  it("has no blame and no exclamation mark", () => {
    expect(all.map(([id]) => id).filter((id) => /!|\boups\b/i.test(id))).toEqual([]);
  });

  it("uses typographic apostrophes", () => {
    expect(all.map(([id]) => id).filter((id) => /[a-zà-ÿ]'[a-zà-ÿ]/i.test(id))).toEqual([]);
  });
});

describe("French typography", () => {
  it("binds double marks and guillemets to their word", () => {
    expect(typesetFrench("Motif : quoi ?")).toBe("Motif\u00a0: quoi\u202f?");
    expect(typesetFrench("« n° 4127 » ; 75 %")).toBe("«\u00a0n°\u00a04127\u00a0»\u202f; 75\u202f%");
    expect(typesetFrench("14:12:36")).toBe("14:12:36");
  });
});

describe("pseudo-locale", () => {
  it("brackets texts and leaves placeholders alone", () => {
    const made = pseudoMessages({
      a: "Bonjour",
      b: ["Reste ", ["count"], " jours"],
      c: [["n", "plural", { one: ["#", " zone"], other: ["#", " zones"] }]],
    } as never);
    expect(made).toEqual({
      a: "⟦Bonjour⟧",
      b: ["⟦Reste ⟧", ["count"], "⟦ jours⟧"],
      c: [["n", "plural", { one: ["⟦#⟧", "⟦ zone⟧"], other: ["⟦#⟧", "⟦ zones⟧"] }]],
    });
  });
});
