// Amounts, scores, times and addresses as people read them.

const ETHER = "0x0000000000000000000000000000000000000000";

function short(hex) {
  return hex.length > 14 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex;
}

/** Return units of a token as a decimal number, rounded down to six places. */
function decimal(units, decimals) {
  const amount = BigInt(units);
  const size = amount < 0n ? -amount : amount;
  const one = 10n ** BigInt(decimals);
  const whole = (size / one).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const digits = (size % one).toString().padStart(decimals, "0");
  const shown = digits.slice(0, 6).replace(/0+$/, "");
  const least = size > 0n && size / one === 0n && shown === "";
  const text = least ? `<0.${"0".repeat(5)}1` : shown ? `${whole}.${shown}` : whole;
  return amount < 0n ? `−${text}` : text;
}

function percent(ppm) {
  return `${(ppm / 10_000).toFixed(2)} %`;
}

/** Return a duration by its two largest units. */
function duration(seconds) {
  let left = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [unit, size] of [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]]) {
    const count = Math.floor(left / size);
    left %= size;
    if (count || (unit === "s" && !parts.length)) parts.push(`${count} ${unit}`);
    else if (parts.length) break;
  }
  return parts.slice(0, 2).join(" ");
}

const dates = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
});

function date(seconds) {
  return dates.format(new Date(seconds * 1000));
}

function plural(count, what) {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}
