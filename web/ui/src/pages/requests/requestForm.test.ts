import { describe, expect, it } from "vitest";
import { destructionUs } from "./FootageCard";
import {
  droppedFields,
  EMPTY_DRAFT,
  missingOf,
  type RequestDraft,
  toRequest,
  withFrame,
} from "./requestForm";

const FILLED: RequestDraft = {
  ...EMPTY_DRAFT,
  frame: "flagrance",
  fields: {
    authority: "Gendarmerie nationale",
    unit: "Brigade de recherches",
    officer_name: "Un officier",
    officer_number: "214873",
    procedure_number: "4127/2026",
    offence: "vol avec violences",
    delivery: "digital",
  },
  cameras: ["valclair-c12"],
  from: { date: "2026-11-22", time: "21:40:00", later: false },
  to: { date: "2026-11-22", time: "22:25:00", later: false },
  motive: "Vol à l’arrivée d’un train",
};

describe("a request (P-72)", () => {
  it("starts with its legal frame and nothing else", () => {
    expect(missingOf(EMPTY_DRAFT)).toEqual(["frame"]);
    expect(toRequest(EMPTY_DRAFT)).toBeNull();
  });

  it("is whole with the fields of its frame", () => {
    expect(missingOf(FILLED)).toEqual([]);
    expect(toRequest(FILLED)).toMatchObject({
      frame: "flagrance",
      cameras: ["valclair-c12"],
      from_us: Date.parse("2026-11-22T20:40:00Z") * 1000,
      to_us: Date.parse("2026-11-22T21:25:00Z") * 1000,
      answer_by: null,
      fields: { procedure_number: "4127/2026" },
    });
  });

  it("names what another frame would drop, and drops only that", () => {
    expect(droppedFields(FILLED, "administrative")).toEqual(["unit", "officer_number", "offence"]);
    const changed = withFrame(FILLED, "administrative");
    expect(changed.fields.authority).toBe("Gendarmerie nationale");
    expect(changed.fields.offence).toBeUndefined();
    expect(missingOf(changed)).toEqual(["text_reference"]);
  });

  it("wants the prosecutor's authorisation or a dated general instruction (P-71)", () => {
    const preliminary = withFrame(FILLED, "preliminaire");
    expect(missingOf(preliminary)).toEqual(["authorisation"]);
    const instructed = {
      ...preliminary,
      fields: { ...preliminary.fields, general_instruction: "IG 2026-14" },
    };
    expect(missingOf(instructed)).toEqual(["general_instruction_until"]);
    const dated = {
      ...instructed,
      fields: { ...instructed.fields, general_instruction_until: "2026-12-31" },
    };
    expect(missingOf(dated)).toEqual([]);
    expect(toRequest(dated)?.fields.general_instruction_until_us).toBe(
      Date.parse("2026-12-31T22:59:59Z") * 1000,
    );
  });

  it("refuses an end before its start, a skipped hour, and blanks", () => {
    expect(missingOf({ ...FILLED, to: FILLED.from })).toEqual(["order"]);
    expect(missingOf({ ...FILLED, from: { date: "2026-03-29", time: "02:30:00", later: false } })).toEqual([
      "from",
    ]);
    expect(missingOf({ ...FILLED, fields: { ...FILLED.fields, offence: "   " } })).toEqual(["offence"]);
    expect(missingOf({ ...FILLED, cameras: [], motive: " " })).toEqual(["cameras", "motive"]);
  });

  it("sends no field of another frame and no empty one", () => {
    const request = toRequest({ ...FILLED, fields: { ...FILLED.fields, text_reference: "x", delivery: "" } });
    expect(Object.keys(request?.fields ?? {}).sort()).toEqual([
      "authority",
      "offence",
      "officer_name",
      "officer_number",
      "procedure_number",
      "unit",
    ]);
  });
});

describe("destruction without a hold", () => {
  it("counts from the start of the hour, as keys live by the hour", () => {
    const at = Date.parse("2026-11-10T02:41:17Z") * 1000;
    expect(destructionUs(at, 15)).toBe(Date.parse("2026-11-25T02:00:00Z") * 1000);
  });
});
