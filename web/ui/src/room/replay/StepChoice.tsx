import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Camera } from "../../api/cameras";
import { STEP_CAMERAS_MAX } from "../../media/inStep";
import { cameraNumber } from "../../pages/cameras/words";

interface StepChoiceProps {
  cameras: readonly Camera[];
  chosen: readonly Camera[];
  us: number;
}

/** Which cameras are replayed together: up to four, each chosen or left by its box. */
export function StepChoice({ cameras, chosen, us }: StepChoiceProps) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const list = useRef<HTMLUListElement>(null);
  const toggled = useRouterState({
    select: ({ location }) => (location.state as { toggled?: string }).toggled,
  });
  // One camera and several are replayed by two pages: the focus goes on from the box that led to the other.
  useEffect(() => {
    if (toggled === undefined || document.activeElement !== document.body) return;
    list.current?.querySelector<HTMLElement>(`[value="${CSS.escape(toggled)}"]`)?.focus();
  }, [toggled]);
  const isFull = chosen.length >= STEP_CAMERAS_MAX;
  const toggle = (camera: Camera, on: boolean): void => {
    const next = on ? [...chosen, camera] : chosen.filter((each) => each.id !== camera.id);
    if (next.length === 0) return;
    const ids = next.map((each) => each.id).join();
    const search =
      next.length === 1 ? { camera: ids, t: Math.round(us) } : { cameras: ids, t: Math.round(us) };
    void navigate({
      to: "/relecture",
      search: search as never,
      state: { toggled: camera.id } as never,
      replace: true,
      resetScroll: false,
    });
  };
  return (
    <section>
      <h2>
        <Trans>Caméras au pas</Trans>
      </h2>
      <ul ref={list} className="stack-s step-choice" aria-label={t`Caméras relues ensemble`}>
        {cameras.map((camera) => {
          const on = chosen.some((each) => each.id === camera.id);
          return (
            <li key={camera.id} className="cap">
              <label className="check">
                <input
                  type="checkbox"
                  value={camera.id}
                  checked={on}
                  disabled={on ? chosen.length === 1 : isFull}
                  onChange={(event) => toggle(camera, event.currentTarget.checked)}
                />
                {cameraNumber(camera)} {camera.name}
              </label>
            </li>
          );
        })}
      </ul>
      <p className="cap dim">
        <Plural value={STEP_CAMERAS_MAX} one="# caméra au plus." other="# caméras au plus." />
      </p>
    </section>
  );
}
