/** The shared parts. Pages import from here; the look of each is in `look/parts.css`. */
export { ActButton, ActDialog, textOf } from "./ActDialog";
export { Button, type ButtonProps, buttonClass } from "./Button";
export { Card, type Fact, Facts, Figure } from "./Card";
export { type CheckItem, Checklist, type CheckState } from "./Checklist";
export { type Column, DataTable } from "./DataTable";
/* DateFields is imported by its own path: the door and the decision page do not carry it. */
export { Dialog } from "./Dialog";
export { Check, type Choice, Choices, SelectField, TextArea, TextField } from "./Field";
export { Brand, Crest, Town } from "./Marks";
export { MOTIVE_MAX_CHARS, MotiveField } from "./MotiveField";
export { Note, type NoteKind } from "./Note";
export { StepUpProvider, useStepUp } from "./PasswordStepUp";
export { QueryView } from "./QueryView";
export { ErrorState, Refusal } from "./Refusal";
export { RuleTag } from "./RuleTag";
export { type StateName, StateTag } from "./StateTag";
export { type Step, type StepState, Steps } from "./Steps";
export { TimeText, useNow } from "./TimeText";
export { ToastProvider, useToast } from "./Toasts";
export { StepUpCancelled, useAttempt } from "./useAttempt";
export { EmptyState, Loading, Void } from "./Void";
