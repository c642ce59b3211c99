import type { ReactNode } from "react";

export interface Column<Row> {
  key: string;
  head: ReactNode;
  /** The column's word beside each cell when the table becomes cards on a phone. */
  word?: string;
  numeric?: boolean;
  cell: (row: Row) => ReactNode;
}

interface DataTableProps<Row> {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  selected?: string | number | undefined;
  bad?: (row: Row) => boolean;
}

/** A table on a desk, a list of cards on a phone. The first column names the row. */
export function DataTable<Row>({ caption, columns, rows, rowKey, selected, bad }: DataTableProps<Row>) {
  return (
    <div className="tw">
      {/* Explicit roles: on a phone `display: grid` would take the table's semantics away. */}
      {/* biome-ignore-start lint/a11y/noRedundantRoles: see above */}
      <table className="tb" role="table">
        <caption className="vh">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                role="columnheader"
                className={column.numeric ? "num" : undefined}
              >
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => {
            const key = rowKey(row);
            const classes = [selected === key && "sel", bad?.(row) && "bad"].filter(Boolean).join(" ");
            return (
              <tr
                key={key}
                role="row"
                className={classes || undefined}
                aria-current={selected === key || undefined}
              >
                {columns.map((column, index) =>
                  index === 0 ? (
                    <th key={column.key} scope="row" role="rowheader">
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td
                      key={column.key}
                      role="cell"
                      data-l={column.word}
                      className={column.numeric ? "num" : undefined}
                    >
                      {column.cell(row)}
                    </td>
                  ),
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: see above */}
    </div>
  );
}
