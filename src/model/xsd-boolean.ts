/** xsd:boolean (`true`, `1`, `false`, `0`) in any case, as phones write it; null: neither. */
export function readXsdBoolean(text: string | null | undefined): boolean | null {
  switch (text?.trim().toLowerCase()) {
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    default:
      return null;
  }
}
