// A picture of a running explorer: node picture.mjs ADDRESS FILE [WIDTH HEIGHT [dark]]

import { chromium } from 'playwright-core';

const [address, file, width = '1280', height = '760', scheme = 'light'] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) }, colorScheme: scheme });
await page.goto(address);
await page.goto(`${new URL(address).origin}/#heat=1&row=30`);
await page.reload();
await page.waitForSelector('body[data-ready="true"]');
await page.waitForTimeout(2500);
await page.screenshot({ path: file });
await browser.close();
