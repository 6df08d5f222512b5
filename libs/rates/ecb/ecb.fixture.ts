/** As the European Central Bank writes its daily file, down to the quotes and tabs. */
export function dailyXml(day: string, rates: Readonly<Record<string, string>>): string {
  const cubes = Object.entries(rates)
    .map(([currency, rate]) => `\t\t\t<Cube currency='${currency}' rate='${rate}'/>\n`)
    .join('');
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">\n` +
    `\t<gesmes:subject>Reference rates</gesmes:subject>\n` +
    `\t<gesmes:Sender>\n\t\t<gesmes:name>European Central Bank</gesmes:name>\n\t</gesmes:Sender>\n` +
    `\t<Cube>\n\t\t<Cube time='${day}'>\n${cubes}\t\t</Cube>\n\t</Cube>\n</gesmes:Envelope>`
  );
}

/** Some of what it published on 21 October 2025. */
export const PUBLISHED = {
  ...{ USD: '1.1607', JPY: '176.45', BGN: '1.9558', CZK: '24.314', DKK: '7.4691', GBP: '0.86780' },
  ...{ HUF: '389.63', PLN: '4.2393', RON: '5.0838', SEK: '10.9345', CHF: '0.9230', ISK: '141.60' },
  ...{ NOK: '11.6693', TRY: '48.7114' },
} as const;
