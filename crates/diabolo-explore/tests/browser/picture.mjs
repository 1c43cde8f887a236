// A picture of a running explorer: node picture.mjs ADDRESS FILE [WIDTH HEIGHT [dark]]

import { writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [address, file, width = '1280', height = '760', scheme = 'light'] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) }, colorScheme: scheme });
await page.goto(address);
await page.goto(`${new URL(address).origin}/#heat=1&row=31`);
await page.reload();
await page.waitForSelector('body[data-ready="true"]');
await page.waitForTimeout(3000);
// 31 levels a channel: greys stay grey, and the file is small enough for a repository.
const text = (await page.screenshot()).toString('base64');
const blank = await browser.newPage();
const small = await blank.evaluate(async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let k = 0; k < data.data.length; k++) if (k % 4 !== 3) data.data[k] = Math.round(data.data[k] / 8.5) * 8.5;
  context.putImageData(data, 0, 0);
  return canvas.toDataURL('image/png').split(',')[1];
}, text);
writeFileSync(file, Buffer.from(small, 'base64'));
await browser.close();
