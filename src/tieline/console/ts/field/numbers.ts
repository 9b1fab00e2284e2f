// Numbers that are scanned or typed: found in a code, and checked before anything is sent.

/** Whether the last digit is the check digit of the others (Luhn, ISO/IEC 7812-1). */
export function luhn(digits: string): boolean {
  if (!/^\d{2,}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The card's number in what was scanned or typed: 19 or 20 digits that begin with 89 (ITU-T E.118); a filler F goes. */
export function iccidIn(text: string): string {
  const found = /89\d{17,18}(?!\d)/.exec(text.replaceAll(/[\s.\-]/g, "").replace(/[fF]$/, ""));
  return found?.[0] ?? "";
}

export function imeiIn(text: string): string {
  return /(?<!\d)\d{15}(?!\d)/.exec(text.replaceAll(/[\s.\-]/g, ""))?.[0] ?? "";
}

/** What is wrong with a card's number, in words; empty when nothing is. */
export function wrongIccid(text: string): string {
  const digits = iccidIn(text);
  if (!digits) return "A card's number has 19 or 20 digits and begins with 89.";
  return luhn(digits) ? "" : "The check digit is wrong: one of the digits is mistaken.";
}

export function wrongImei(text: string): string {
  if (!text.trim()) return "";
  const digits = imeiIn(text);
  if (!digits) return "An IMEI has 15 digits.";
  return luhn(digits) ? "" : "The check digit is wrong: one of the digits is mistaken.";
}

/** Four digits at a time, for the eye. */
export function grouped(digits: string): string {
  return digits.replaceAll(/(.{4})(?=.)/g, "$1\u202f");
}
